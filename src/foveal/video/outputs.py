"""Where the predictions on videos are written; what could only fail at the end is checked at the start."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from foveal.artifact.atomic import make_room, make_room_for
from foveal.artifact.growing import left_behind
from foveal.data.formats.left_out import VIDEO_SUFFIXES
from foveal.errors import ConfigError
from foveal.inference.crops import write_crops
from foveal.inference.names import OutputNames, plan_names
from foveal.inference.outputs import Outputs
from foveal.inference.predictor import Predictor
from foveal.inference.writers import Writer, write_masks
from foveal.tasks.table import AnyOutput
from foveal.types.arrays import RGB
from foveal.video.encode import VideoFile, check_video_name
from foveal.video.predict import FramePrediction
from foveal.video.reader import Reader
from foveal.video.rows import AddFrame, FrameWriter, write_frame_csv
from foveal.video.source import Video


class FrameNames:
    """The names of frames in a folder: ``clip/000012``, as images are named after their files.

    Args:
        names: The names of the videos.
    """

    def __init__(self, names: OutputNames) -> None:
        self._names = names
        self._folders: dict[Path, str] = {}
        self.frame = 0

    def take(self, image: Path) -> str:
        """The name of the frame that is being written of a video."""
        if image not in self._folders:
            self._folders[image] = self._names.take(image)
        return f"{self._folders[image]}/{self.frame:06d}"


@dataclass(frozen=True)
class VideoOutputs:
    """Outputs of predictions on videos, checked.

    Attributes:
        outputs: The files and folders, by the options of ``foveal predict``.
        videos: The videos.
    """

    outputs: Outputs
    videos: Sequence[Video]

    def prepare(self) -> list[str]:
        """Create the folders; check what could only fail later.

        Returns:
            What the user should know.

        Raises:
            ConfigError: An output that is none of videos, one name for several, or an input that would be overwritten.
            RunError: A file or folder cannot be made or written to.
        """
        out, notes = self.outputs, list[str]()
        if out.coco is not None or out.coco_ids is not None:
            option = "--coco" if out.coco is not None else "--coco-ids"
            raise ConfigError(
                f"{option} is for images: COCO's results know no frames.", "Use --json or --csv for a video."
            )
        if self.saves_one and len(self.videos) > 1:
            raise ConfigError(
                f"--save {out.save} is one file, and there are {len(self.videos)} videos.", "Name a folder for --save."
            )
        files = [file for file in (out.csv, out.save if self.saves_one else None) if file is not None]
        for file in files:
            if any(
                Path(video.source).exists() and file.exists() and file.samefile(video.source) for video in self.videos
            ):
                raise ConfigError(f"{file} would overwrite the video.", "Choose another file.")
            make_room_for(file)
            notes += [f"{old} is from a command that was killed or is still running." for old in left_behind(file)]
        if out.save is not None:
            if self.saves_one:
                check_video_name(out.save)
            else:
                make_room(out.save)
        return notes

    @property
    def saves_one(self) -> bool:
        """Whether ``--save`` names a video, not a folder of them."""
        save = self.outputs.save
        return save is not None and not save.is_dir() and save.suffix.lower() in (*VIDEO_SUFFIXES, ".gif")

    def writers(self, predictor: Predictor) -> list[FrameWriter]:
        """A writer for each output but ``--save``, whose file needs to know its video."""
        out, writers = self.outputs, list[FrameWriter]()
        if out.masks is not None:
            names = FrameNames(self._names_in(out.masks, ""))
            writers.append(_per_image(write_masks(out.masks, predictor.output, names), names))
        if out.crops is not None:
            names, pixels = FrameNames(self._names_in(out.crops, "")), dict[Path, RGB]()
            inner = write_crops(out.crops, predictor.output, names, read=pixels.__getitem__)
            writers.append(_per_image(inner, names, pixels))
        if out.csv is not None:
            writers.append(write_frame_csv(out.csv))
        return writers

    @contextmanager
    def saving(self, output: AnyOutput, reader: Reader) -> Iterator[list[AddFrame]]:
        """A writer of one video's annotated frames, if they are saved.

        Raises:
            RunError: It cannot be written.
        """
        save, video = self.outputs.save, reader.video
        if save is None:
            yield []
            return
        path = save
        if not self.saves_one:
            path = save / f"{self._names_in(save, '.mp4').take(path_of(video))}.mp4"
            make_room(path.parent)
        rate = reader.rate / video.every
        with VideoFile(path, rate=rate, time_base=reader.time_base) as file:

            def add(video: Video, frame: FramePrediction) -> None:  # noqa: ARG001
                file.aspect = reader.aspect  # known once a frame was read
                file.add(output.draw_frame(frame.image, frame.prediction), frame.ticks)

            if reader.has_sound:
                reader.tell(f"{video.name}: its sound is not in {path}.")
            yield [add]
        reader.tell(*file.notes)

    def _names_in(self, folder: Path, suffix: str) -> OutputNames:
        paths = [path_of(video) for video in self.videos]
        return OutputNames(folder, plan_names(paths, [path.name for path in paths]), suffix, once=frozenset())


def path_of(video: Video) -> Path:
    """A path that stands for a video: its file, the device of a camera, the last part of an address."""
    if video.address is not None:
        return Path(video.address.rstrip("/").rpartition("/")[2].partition("?")[0] or "stream")
    return Path(video.camera or video.source)


@contextmanager
def _per_image(inner: Writer, names: FrameNames, pixels: dict[Path, RGB] | None = None) -> Iterator[AddFrame]:
    """A writer of images as one of frames."""
    with inner as write:

        def add(video: Video, frame: FramePrediction) -> None:
            path = path_of(video)
            names.frame = frame.frame
            if pixels is not None:
                pixels[path] = frame.image
            write(path, frame.prediction)

        yield add
