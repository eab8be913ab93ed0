"""Where predictions are written; what could only fail at the end is checked at the start."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foveal.artifact.atomic import make_room, make_room_for
from foveal.artifact.growing import left_behind
from foveal.artifact.place import descriptor_of
from foveal.data.formats.coco.image_ids import ImageId, ids_from, ids_of_data_set
from foveal.errors import ConfigError
from foveal.inference.crops import write_crops
from foveal.inference.files import Found
from foveal.inference.names import OutputNames, plan_names
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
        crops: A folder of objects, cut out.
        coco_ids: A COCO annotation file that gives the images their ids.
    """

    csv: Path | None = None
    coco: Path | None = None
    save: Path | None = None
    masks: Path | None = None
    crops: Path | None = None
    coco_ids: Path | None = None

    @property
    def takes_stdout(self) -> bool:
        """Whether a file is the standard output, so that nothing else may be printed there."""
        return any(file is not None and descriptor_of(file) == 1 for file in (self.csv, self.coco))

    def prepare(self, found: Found) -> "Ready":
        """Create the folders; check what could only fail once all images are predicted.

        The folders of masks and of objects are left to their writers: not every model has some.

        Raises:
            ConfigError: An input image would be overwritten, or two have the same id in the COCO results.
            DataError: An annotation file does not list an image.
            RunError: A file or folder cannot be made or written to.
        """
        inputs = {_identity(image): image for image in found.paths if image not in found.piped and image.exists()}
        in_folders = any(folder is not None for folder in (self.save, self.masks, self.crops))
        names = plan_names(found.paths, found.names) if in_folders else {}
        for option, folder, suffix in (("--save", self.save, ".jpg"), ("--masks", self.masks, ".png")):
            if folder is not None:
                files = (folder / f"{name}{suffix}" for name in names.values())
                _spare(inputs, files, f"{option} {folder}", f"Choose another folder for {option}.")
        for option, file in (("--csv", self.csv), ("--coco", self.coco)):
            if file is not None:
                _spare(inputs, [file], f"{option} {file}", f"Choose another file for {option}.")
                if file.is_dir():
                    raise ConfigError(f"{option} {file} is a folder, not a file.", "Name a file in it.")
        if self.csv is not None and self.coco is not None and self.csv.resolve() == self.coco.resolve():
            raise ConfigError(f"--csv and --coco name one file: {self.csv}.", "Give each its own.")
        if self.coco_ids is not None and self.coco is None:
            raise ConfigError("--coco-ids is for COCO results.", "Name their file with --coco, or leave it out.")
        ids, notes = self._coco_ids(found.paths)
        later = [next(p for p in (place, *place.parents) if p.exists()) for place in (self.masks, self.crops) if place]
        for place in (self.save, *later):
            if place is not None:
                make_room(place)
        for file in (self.csv, self.coco):
            if file is not None:
                make_room_for(file)
                notes += [f"{old} is from a command that was killed or is still running." for old in left_behind(file)]
        return Ready(self, found, names, ids, tuple(notes))

    def _coco_ids(self, images: Sequence[Path]) -> tuple[Mapping[Path, ImageId], list[str]]:
        if self.coco is None:
            return {}, []
        if self.coco_ids is not None:
            ids, note = ids_from(self.coco_ids, images), f"image_id in {self.coco}: as {self.coco_ids} gives it."
        else:
            ids, files = ids_of_data_set(images)
            note = f"image_id in {self.coco}: as {', '.join(map(str, files))} gives it."
            if not ids:
                ids = {image: stem_id(image) for image in images}
                note = (
                    f"image_id in {self.coco}: the file's name, as a number where it is one (000139.jpg: 139);"
                    " --coco-ids FILE takes it from an annotation file."
                )
        _refuse_twins(ids, images)
        return ids, [note]


@dataclass(frozen=True)
class Ready:
    """Outputs that were checked for some images.

    Attributes:
        outputs: The files and folders.
        found: The images.
        names: The name of each image in folders, without suffix.
        ids: Their ``image_id`` in COCO results, if there are any.
        notes: What the user should know before anything is predicted.
    """

    outputs: Outputs
    found: Found
    names: Mapping[Path, str]
    ids: Mapping[Path, ImageId]
    notes: tuple[str, ...]

    def writers(self, predictor: Predictor, *, polygons: bool = False) -> list[Writer]:
        """A writer for each output; those that a model may not support come first."""
        out, writers, reading = self.outputs, list[Writer](), predictor.spec.reading
        if out.coco is not None:
            writers.append(write_coco(out.coco, self.ids, polygons=polygons))
        if out.masks is not None:
            writers.append(write_masks(out.masks, predictor.output, self._names_in(out.masks, ".png")))
        if out.crops is not None:
            names = self._names_in(out.crops, "-1.jpg")
            writers.append(write_crops(out.crops, predictor.output, names, read=self.found.source, reading=reading))
        if out.csv is not None:
            writers.append(write_csv(out.csv))
        if out.save is not None:
            names = self._names_in(out.save, ".jpg")
            writers.append(write_images(out.save, predictor.output, names, read=self.found.source, reading=reading))
        return writers

    def _names_in(self, folder: Path, suffix: str) -> OutputNames:
        return OutputNames(folder, self.names, suffix, once=frozenset(self.found.piped))


def stem_id(image: Path) -> ImageId:
    """The ``image_id`` of an image of no data set: its name without suffix, as a number where it is one."""
    return int(image.stem) if image.stem.isascii() and image.stem.isdecimal() else image.stem


def _refuse_twins(ids: Mapping[Path, ImageId], images: Iterable[Path]) -> None:
    first: dict[ImageId, Path] = {}
    for image in images:
        twin = first.setdefault(ids[image], image)
        if twin is not image:
            raise ConfigError(
                f"{twin} and {image} would have the same image_id in the COCO results: {ids[image]}.",
                "Name their annotation file with --coco-ids, or predict on them separately.",
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
