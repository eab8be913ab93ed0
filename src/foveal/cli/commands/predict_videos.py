"""``foveal predict`` on videos and cameras."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from foveal.inference.outputs import Outputs
from foveal.inference.predictor import Predictor
from foveal.inference.views import Viewing
from foveal.types.selection import Selection
from foveal.video.source import Video


def predict_videos(
    open_model: Callable[[], Predictor],
    videos: Sequence[Video],
    outputs: Outputs,
    *,
    viewing: Viewing,
    selection: Selection,
    batch_size: int,
    json: bool,
    polygons: bool,
    skip_bad: bool,
) -> None:
    """Predict on the frames of videos; the options are those of images."""
    import sys

    from foveal.cli.screens import Skipped, print_notes
    from foveal.cli.terminal import Bar
    from foveal.cli.video_screens import frames_screen, note_full_frames
    from foveal.errors import ConfigError
    from foveal.video.job import VideoJob
    from foveal.video.opening import load_av
    from foveal.video.outputs import VideoOutputs
    from foveal.video.rows import write_json_lines

    if json and outputs.takes_stdout:
        raise ConfigError("--json and another output both go to the standard output.", "Name a file for one of them.")
    load_av()
    ready = VideoOutputs(outputs, videos)
    print_notes(ready.prepare())
    with Bar(shown=not json) as bar, ExitStack() as stack:
        bar("loading the model", 0, None)
        predictor = stack.enter_context(open_model()).select(selection)
        screen = write_json_lines(sys.stdout, polygons=polygons) if json else frames_screen(outputs)
        writers = [*ready.writers(predictor), note_full_frames(predictor), screen]
        skipped = stack.enter_context(Skipped(len(videos), "video"))
        job = VideoJob(
            predictor,
            ready,
            viewing,
            batch_size,
            done=lambda count, total: bar("predicting", count, total),
            tell=print_notes,
        )
        job.run(writers, skip=skipped.add if skip_bad else None)
        print_notes(predictor.notes)
