"""A job from its first image to its table, however often it is killed on the way."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Protocol

from foveal.artifact.place import Place
from foveal.data.notes import plural
from foveal.errors import ConfigError, FovealError
from foveal.jobs.folder import Finished, JobFolder
from foveal.jobs.identity import Identity
from foveal.jobs.inputs import Inputs
from foveal.jobs.items import Item
from foveal.jobs.listing import Listing
from foveal.jobs.local import predict_here
from foveal.jobs.parquet import Parquet
from foveal.jobs.table import Format, JsonLines
from foveal.jobs.work import Done, Work, columns_of
from foveal.types.predictions.columns import Columns
from foveal.types.progress import Progress

IMAGES_PER_PART = 256
"""What a kill costs at most, twice; a million images are 4,000 parts."""
FORMATS: Mapping[str, Callable[[], Format]] = {".parquet": Parquet, ".jsonl": JsonLines}


class Spread(Protocol):
    """Predicts parts elsewhere, such as on a cluster."""

    def __call__(
        self,
        work: Work,
        form: Format,
        numbers: Sequence[int],
        part: Callable[[int], list[Item]],
        *,
        done: Callable[[int], None],
    ) -> Generator[tuple[int, Done]]:
        """The parts of these numbers as they are done; ``done`` is called with numbers of further images."""
        ...


@dataclass(frozen=True)
class Told:
    """What a job tells while it goes on.

    Attributes:
        progress: Called with a stage, the images done and all of them.
        notes: Called with lines for the user.
    """

    progress: Progress
    notes: Callable[[Sequence[str]], None]


def format_of(table: Path) -> Format:
    """The format that a table's name asks for.

    Raises:
        ConfigError: It is a device or a pipe, or has another suffix.
        MissingExtraError: pyarrow is not installed.
    """
    if Place.of(table).direct:
        raise ConfigError(f"--out {table} is a device or a pipe.", "Name a file: the table goes on where it ended.")
    if (opener := FORMATS.get(table.suffix.lower())) is None:
        raise ConfigError(f"--out {table}: no table has this suffix.", f"Name a file ending in {' or '.join(FORMATS)}.")
    return opener()


def run_table_job(
    work: Work, names: Sequence[str], table: Path, *, told: Told, fresh: bool = False, spread: Spread | None = None
) -> Finished:
    """Predict on images and write one table, from where a killed command ended.

    Args:
        work: The model, and how it predicts.
        names: Images, folders, patterns, lists and tar shards.
        table: The file to write; its suffix says how.
        told: What is told on the way.
        fresh: Whether to begin anew whatever is there.
        spread: Predicts the parts elsewhere; None: here.

    Returns:
        The tables.

    Raises:
        ConfigError: A table would overwrite an input.
        ConfigError, DataError, ArtifactError, MissingExtraError: What is named cannot be predicted on.
        RunError: What is there is another job's, or cannot be written.
    """
    folder = JobFolder(table, format_of(table))
    folder.refuse_inputs(names)
    with folder.locked(), ExitStack() as stack:
        told.progress("loading the model", 0, None)
        try:
            predictor = stack.enter_context(work.open(device=None if spread is None else "cpu"))
            columns = columns_of(predictor, polygons=work.polygons)
            inputs, identity = _list(folder, work, names, columns, told)
            if not fresh and (before := folder.finished(identity)) is not None:
                told.notes([f"{table} has all {plural(inputs.count, 'image')} already; --fresh predicts again."])
                return before
            inputs = folder.begin(identity, inputs, fresh=fresh)
        except KeyboardInterrupt:
            if folder.begun:
                raise KeyboardInterrupt("What was predicted before is kept; the same command goes on.") from None
            raise
        finally:
            folder.leave()
        if spread is None:
            spread = partial(predict_here, predictor)
        else:
            stack.close()  # the memory is the workers'
        _predict(folder, work, inputs, spread, told)
        told.notes(predictor.notes)
        told.progress("writing the table", 0, None)
        return folder.finish(identity, columns, len(inputs))


def _list(folder: JobFolder, work: Work, names: Sequence[str], columns: Columns, told: Told) -> tuple[Inputs, Identity]:
    listing = Listing(names, unnamed=folder.owns)
    inputs = folder.list_images(
        listing, per_part=IMAGES_PER_PART, done=lambda count: told.progress("listing images", count, None)
    )
    twice = inputs.repeated
    repeated = [f"{plural(twice, 'image')} named more than once: predicted once."] if twice else []
    told.notes([*listing.notes(), *repeated])
    return inputs, Identity.of(work, inputs, columns)


def _predict(folder: JobFolder, work: Work, inputs: Inputs, spread: Spread, told: Told) -> None:
    missing = folder.missing(len(inputs))
    written = inputs.count - sum(map(inputs.size, missing))
    if written:
        told.notes([f"Going on: {written:,} of {plural(inputs.count, 'image')} were predicted before."])
    count, lock = written, Lock()
    full = limit = 0

    def done(images: int) -> None:
        nonlocal count
        with lock:
            count += images
            told.progress("predicting", count, inputs.count)

    done(0)
    try:
        with closing(spread(work, folder.form, missing, inputs.part, done=done)) as parts:
            for number, part in parts:
                folder.keep(number, part)
                written += part.num_images
                full, limit = full + part.full, max(limit, part.limit)
    except FovealError as error:
        error.hint = " ".join(filter(None, [error.hint, _kept(written, inputs.count) if written else ""]))
        raise
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_kept(written, inputs.count)) from None
    if full:
        what = "image has" if full == 1 else "images have"
        told.notes([f"{full:,} {what} as many objects as the limit allows ({limit:,}); --max-objects raises it."])


def _kept(written: int, images: int) -> str:
    return f"{written:,} of {plural(images, 'image')} are predicted; the same command goes on from there."
