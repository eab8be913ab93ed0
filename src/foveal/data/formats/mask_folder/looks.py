"""What a layout's files show: masks, photos in their place, or files that cannot be masks."""

from foveal.data.formats.mask_folder.alike import some
from foveal.data.formats.mask_folder.layout import Layout
from foveal.data.formats.mask_folder.pairs import match
from foveal.data.formats.mask_folder.survey import looks_drawn
from foveal.data.formats.recognition.evidence import Doubt, Evidence, Sure
from foveal.data.formats.recognition.tree import Tree
from foveal.data.notes import listed, plural
from foveal.errors import ImageError


def evidence(tree: Tree, there: Layout, unread: tuple[str, ...]) -> Evidence | Doubt | None:
    """Evidence for images with masks by the content of some masks.

    Args:
        tree: The data set.
        there: Its folders.
        unread: What is beside them.
    """
    found = match(there)
    masks = [pair.mask for pair in found.pairs] + [masks[0] for _, masks in found.doubles]
    masks += [mask for mask, _ in found.shared] + found.strays
    if not masks:
        return None
    sure = Sure.LIKELY if there.guessed else Sure.CERTAIN
    for mask in some(masks):
        try:
            drawn = looks_drawn(there.root / mask)
        except ImageError:
            sure = min(sure, Sure.LIKELY)
            continue
        if not drawn and tree.labels is None:
            return Doubt(
                f"{tree.root}: {mask} looks like a photo, not like a mask.",
                "Name the images and their masks with --data.images and --data.labels; if the folders are classes, say"
                " so: --data.format image_folder.",
            )
    return Evidence(tree.labels or tree.root, _seen(there), sure, ("masks",), unread)


def _seen(there: Layout) -> str:
    together = [one.masks or "the folder" for one in there.folders if one.images == one.masks]
    apart = [one.masks for one in there.folders if one.images != one.masks]
    parts = []
    if apart:
        images = [one.images for one in there.folders if one.images != one.masks]
        parts.append(f"{listed(apart)} {'has' if len(apart) == 1 else 'have'} masks of images in {listed(images)}")
    if together:
        parts.append(f"{listed(together)} {'has' if len(together) == 1 else 'have'} masks beside their images")
    return " and ".join(parts) + (f" ({plural(2, 'folder')} of the same names)" if there.guessed else "")
