"""What a layout's files show: masks, photos in their place, or files that cannot be masks."""

from foveal.data.catalog.catalog import UNITED
from foveal.data.formats.mask_folder.alike import LOOKED_AT, some
from foveal.data.formats.mask_folder.layout import Layout
from foveal.data.formats.mask_folder.names.among import image_of
from foveal.data.formats.mask_folder.pairs import match
from foveal.data.formats.mask_folder.survey import is_mask_of, looks_drawn
from foveal.data.formats.recognition.evidence import Doubt, Evidence, Sure
from foveal.data.formats.recognition.tree import Tree
from foveal.data.notes import listed
from foveal.errors import ImageError


def evidence(tree: Tree, there: Layout, unread: tuple[str, ...]) -> Evidence | Doubt | None:
    """Evidence for images with masks by the content of some masks.

    Args:
        tree: The data set.
        there: Its folders.
        unread: What is beside them.
    """
    found = match(there)
    masks = [pair.mask.split(UNITED)[0] for pair in found.pairs] + [masks[0] for _, masks in found.doubles]
    masks = masks + [mask for mask, _ in found.shared] or found.strays
    if not masks:
        if tree.labels is None:
            return None
        return Doubt(
            f"{tree.root}: there are no masks of images in {tree.labels}.",
            "Name another folder, or the images too: --data.images and --data.labels.",
        )
    if there.guessed and not all(
        is_mask_of(there.root / pair.mask.split(UNITED)[0], there.root / pair.image) for pair in found.pairs[:LOOKED_AT]
    ):
        return None
    drawn = 0
    for mask in some(masks):
        try:
            if looks_drawn(there.root / mask):
                drawn += 1
                continue
        except ImageError:  # the reader names it
            continue
        if tree.labels is None:
            return Doubt(
                f"{tree.root}: {mask} looks like a photo, not like a mask.",
                "Name the images and their masks with --data.images and --data.labels; if the folders are classes, say"
                " so: --data.format image_folder.",
            )
    called = not there.guessed or all(image_of(mask.rpartition(".")[0]) is not None for mask in masks)
    sure = Sure.CERTAIN if drawn and called else Sure.LIKELY
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
    return " and ".join(parts) + (", by equal names and by what is drawn" if there.guessed else "")
