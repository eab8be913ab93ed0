"""What an open model has learnt, beyond one prediction. No torch of its own."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from foveal.inference.backends.contract import Backend
from foveal.inference.images import ImageLike, is_one, readable
from foveal.inference.predictor import Predictor
from foveal.ops.quiet import quiet

if TYPE_CHECKING:
    from foveal.runs.learnt.activations import ActivationSheet
    from foveal.runs.learnt.data_map import MapSheet
    from foveal.runs.learnt.filters import FilterSheet
    from foveal.runs.learnt.heads import HeadSheet
    from foveal.runs.learnt.like import Likes


class LooksInside(Predictor):
    """A predictor that shows what its network has learnt; these need the run, not an exported file.

    What each gives draws itself with ``draw``, is written with ``save``, and is shown by a notebook.

    Args:
        backend: What runs the network.
        path: The run folder or the file that it was opened from; None: it comes from no file.
    """

    def __init__(self, backend: Backend, path: Path | None = None) -> None:
        super().__init__(backend)
        self.path = path

    @quiet()
    def filters(self, images: ImageLike | Iterable[ImageLike] | None = None, *, bgr: bool = False) -> "FilterSheet":
        """The kernels of the first layer, strongest first, and the patches of images that each responds to most.

        Args:
            images: Where patches are looked for; None: the images that the run was trained on, where they are at hand.
            bgr: Whether arrays and tensors have their channels in OpenCV's order: blue, green, red.

        Raises:
            ConfigError: An exported file, or a network without a first convolution.
        """
        from foveal.runs.learnt.filters import draw_filters, images_at_hand

        if images is not None:
            return draw_filters(self, _several(images, bgr=bgr))
        at_hand, note = ([], "") if self.path is None else images_at_hand(self.path)
        sheet = draw_filters(self, at_hand)
        return sheet.noting(note) if note else sheet

    @quiet()
    def activations(self, image: ImageLike, *, bgr: bool = False) -> "ActivationSheet":
        """The most active feature maps of each stage for one image, and what a place of each sees.

        ``save("maps.png")`` writes the grid, ``save("maps.html")`` a page with more of them.

        Args:
            image: As for ``predict``.
            bgr: Whether an array or tensor has its channels in OpenCV's order: blue, green, red.

        Raises:
            ConfigError: An exported file.
            ImageError: The image cannot be read.
        """
        from foveal.runs.learnt.activations import draw_activations

        name = Path(image).name if isinstance(image, str | Path) else "image"
        return draw_activations(self, readable(image, bgr=bgr), name=name)

    @quiet()
    def heads(self, image: ImageLike, *, seed: int = 0, bgr: bool = False) -> "HeadSheet":
        """Where each head of attention looked in one image, their mean, and beside them the evidence.

        Args:
            image: As for ``predict``.
            seed: Of methods with random numbers.
            bgr: Whether an array or tensor has its channels in OpenCV's order: blue, green, red.

        Raises:
            ConfigError: A model without attention.
            ImageError: The image cannot be read.
        """
        from foveal.runs.learnt.heads import draw_heads

        return draw_heads(self, readable(image, bgr=bgr), seed=seed)

    @quiet()
    def like(
        self, data: str | Path, images: ImageLike | Iterable[ImageLike], *, top: int = 5, bgr: bool = False
    ) -> "Likes":
        """The training images that are nearest to some images in the model's features.

        Args:
            data: A data set with the model's classes; its training split where it has one.
            images: As for ``predict``.
            top: How many are found per image.
            bgr: Whether arrays and tensors have their channels in OpenCV's order: blue, green, red.

        Raises:
            ConfigError: An exported file, ``top`` below 1, or a data set with other classes.
            DataError: The data set cannot be read.
            ImageError: An image cannot be read.
        """
        from foveal.runs.learnt.like import find_alike

        return find_alike(self, Path(data), _several(images, bgr=bgr), top=top)

    @quiet()
    def map(self, data: str | Path, *, seed: int = 0) -> "MapSheet":
        """A data set in two dimensions, laid out by what the model finds alike; ``save("map.html")`` writes the page.

        Args:
            data: A data set with the model's classes.
            seed: Of t-SNE.

        Raises:
            ConfigError: An exported file, or a data set with other classes.
            DataError: The data set cannot be read, or has fewer than three images.
        """
        from foveal.runs.learnt.data_map import draw_map
        from foveal.runs.learnt.output import name_of

        return draw_map(self, Path(data), model="the model" if self.path is None else name_of(self.path), seed=seed)


def _several(images: ImageLike | Iterable[ImageLike], *, bgr: bool) -> list[ImageLike]:
    """One image or several as a list."""
    if is_one(images):
        return [readable(cast(ImageLike, images), bgr=bgr)]
    return [readable(one, bgr=bgr) for one in cast(Iterable[ImageLike], images)]
