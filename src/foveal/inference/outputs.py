"""Where predictions are written; what could only fail at the end is checked at the start."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foveal.artifact.atomic import make_room
from foveal.errors import ConfigError
from foveal.inference.names import NumberedNames, coco_id
from foveal.inference.predictor import Predictor
from foveal.inference.writers import Writer, write_coco, write_csv, write_images, write_masks


@dataclass(frozen=True)
class Outputs:
    """Files and folders to write, by the options of ``foveal predict``; None: not written.

    Attributes:
        csv: A CSV file.
        coco: A JSON file of COCO results.
        save: A folder of images with the predictions drawn on them.
        masks: A folder of masks.
    """

    csv: Path | None = None
    coco: Path | None = None
    save: Path | None = None
    masks: Path | None = None

    def prepare(self, images: Sequence[Path]) -> None:
        """Create the folders; check what could only fail once all images are predicted.

        The folder of masks itself is left to its writer: not every model has masks.

        Raises:
            ConfigError: An input image would be overwritten, or two have the same id in the COCO results.
            RunError: A folder cannot be made or written to.
        """
        inputs = {_identity(image): image for image in images if image.exists()}
        for option, folder, suffix in (("--save", self.save, ".jpg"), ("--masks", self.masks, ".png")):
            if folder is not None:
                names = NumberedNames()
                files = (folder / f"{names.take(image)}{suffix}" for image in images)
                _spare(inputs, files, f"{option} {folder}", f"Choose another folder for {option}.")
        for option, file in (("--csv", self.csv), ("--coco", self.coco)):
            if file is not None:
                _spare(inputs, [file], f"{option} {file}", f"Choose another file for {option}.")
                if file.is_dir():
                    raise ConfigError(f"{option} {file} is a folder, not a file.", "Name a file in it.")
        if self.csv is not None and self.coco is not None and self.csv.resolve() == self.coco.resolve():
            raise ConfigError(f"--csv and --coco name one file: {self.csv}.", "Give each its own.")
        if self.coco is not None:
            _refuse_twins(images)
        near_masks = self.masks and next(place for place in (self.masks, *self.masks.parents) if place.exists())
        for place in (self.csv and self.csv.parent, self.coco and self.coco.parent, self.save, near_masks):
            if place is not None:
                make_room(place)

    def writers(self, predictor: Predictor, *, polygons: bool = False) -> list[Writer]:
        """A writer for each output; those that a model may not support come first."""
        writers: list[Writer] = []
        if self.coco is not None:
            writers.append(write_coco(self.coco, polygons=polygons))
        if self.masks is not None:
            writers.append(write_masks(self.masks, predictor.output))
        if self.csv is not None:
            writers.append(write_csv(self.csv))
        if self.save is not None:
            writers.append(write_images(self.save, predictor.output, reading=predictor.spec.reading))
        return writers


def _refuse_twins(images: Sequence[Path]) -> None:
    first: dict[int | str, Path] = {}
    for image in images:
        twin = first.setdefault(coco_id(image), image)
        if twin is not image:
            raise ConfigError(
                f"{twin} and {image} would have the same image_id in the COCO results: {coco_id(image)}.",
                "Predict on them separately, or rename one.",
            )


def _identity(file: Path) -> tuple[int, int]:
    """Equal for two names of one file."""
    status = file.stat()
    return status.st_dev, status.st_ino


def _spare(inputs: Mapping[tuple[int, int], Path], files: Iterable[Path], what: str, hint: str) -> None:
    """Refuse to write a file that is one of the input images."""
    for file in files:
        image = inputs.get(_identity(file)) if file.exists() else None
        if image is not None:
            raise ConfigError(f"{what} would overwrite the input image {image}.", hint)
