"""The folder of a job's parts, beside the table they become: whatever is killed, what is in it is whole.

    TABLE.parts/          images.jsonl   the images       job.json          what the job is
                          000000.rows.parquet ...         000007.bad.parquet (before its rows, where there are some)
    TABLE.job.json        what the finished table is of

A part is done once its file of rows has its name. The folder goes when the table is whole.
"""

import contextlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from foveal.artifact.atomic import make_folder, take_place, write_atomic
from foveal.artifact.place import NAME_BYTES, Place, output_error
from foveal.data.notes import plural
from foveal.errors import ConfigError, RunError
from foveal.jobs.identity import Identity, first_difference
from foveal.jobs.inputs import Inputs, write_inputs
from foveal.jobs.items import Item
from foveal.jobs.lock import take_lock
from foveal.jobs.table import Format
from foveal.jobs.work import BAD_COLUMNS, Done
from foveal.types.predictions.columns import Columns

LOCK = "lock"
GONE = ".parts.done"
"""Ending of the folder while it is removed, the longest of all."""
WRITTEN = re.compile(r"(\d{6,}|joined)\.(rows|bad)\.(parquet|jsonl)|about\.json")
"""Names of parts."""
FRESH = "To begin anew, add --fresh; it replaces what is there."


@dataclass(frozen=True)
class Finished:
    """What a finished job has written.

    Attributes:
        table: The table of predictions.
        bad: The table of images that cannot be read; None: there are none.
        rows: Rows of the table.
        num_bad: Rows of the other one.
    """

    table: Path
    bad: Path | None
    rows: int
    num_bad: int


class JobFolder:
    """The parts of a table.

    Args:
        table: The table's file, no device.
        form: Its format.

    Raises:
        RunError: It is a folder, read-only, or its name leaves no room for those of its companions.
    """

    def __init__(self, table: Path, form: Format) -> None:
        place = Place.of(table)
        place.check_file()
        _check_name(place.target.name)
        self.table, self.form, self._place = table, form, place
        target = place.target
        self.folder = target.with_name(f"{target.name}.parts")
        self._named = table.with_name(self.folder.name)
        self._gone = target.with_name(f"{target.name}{GONE}")
        self._about = target.with_name(f"{target.name}.job.json")
        self._bad = target.with_name(f"{target.stem}.bad{form.suffix}")
        self._images, self._job = self.folder / "images.jsonl", self.folder / "job.json"
        self._listed = self.folder / "images.new.jsonl"

    def refuse_inputs(self, names: Iterable[str]) -> None:
        """Check that no table takes the place of a list of its images, such as that of the bad ones of another job.

        Raises:
            ConfigError: One would.
        """
        for name in names:
            given = Path(name if os.path.exists(name) else name.removeprefix("@"))  # noqa: PTH110
            for table in (self._place.target, self._bad):
                if given.exists() and table.exists() and given.samefile(table):
                    raise ConfigError(f"{name}: the table would overwrite its own input.", "Name another --out.")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """For one process at a time; a process that is killed leaves no lock.

        Raises:
            RunError: Another process writes this table, or the folder cannot be made.
        """
        make_folder(self.folder)
        with (self.folder / LOCK).open("a") as file:
            if not take_lock(file):
                raise RunError(
                    f"{self.table}: another command is writing this table.", "Wait for it, or name another file."
                )
            yield

    def list_images(self, items: Iterable[Item], *, per_part: int, done: Callable[[int], None]) -> Inputs:
        """List the images, beside the list of a job that is there: ``begin`` compares the two.

        Raises:
            DataError: There is none, or see ``Listing``.
            RunError: The list cannot be written.
        """
        return write_inputs(items, self._listed, per_part=per_part, done=done)

    def begin(self, identity: Identity, inputs: Inputs, *, fresh: bool = False) -> Inputs:
        """Begin a job, or go on with it.

        Args:
            identity: What it is.
            inputs: Its images, as listed now.
            fresh: Whether to begin anew whatever is there.

        Returns:
            The same images under the name that their list keeps.

        Raises:
            RunError: What is there is another job's, whose differences the message names; or the folder has files that
                no job wrote.
        """
        if self._job.exists() and not fresh and not self._is_bare(identity):
            self._compare(self._read(self._job), identity, f"{self._named} has the parts of another job")
            for name in self._names():
                if name.endswith(".tmp"):  # of a command that was killed
                    (self.folder / name).unlink()
            self._listed.unlink()
        else:
            self._clear()
            self._listed.rename(self._images)
            write_atomic(self._job, identity.to_json())
        return replace(inputs, file=self._images)

    @property
    def begun(self) -> bool:
        """Whether there are parts of a job."""
        return self._job.exists()

    def _is_bare(self, identity: Identity) -> bool:
        """Whether a job that is there has made nothing that could be lost, as after a mistyped option."""
        made = self._place.target.exists() or any(".rows." in name for name in self._names())
        return not made and self._read(self._job) != identity

    def owns(self, file: str) -> bool:
        """Whether a file is one of the job's own, which may lie in a folder of its images."""
        folder, name = os.path.split(file)
        if not name.startswith(self._place.target.stem) and os.path.basename(folder) != self.folder.name:  # noqa: PTH119
            return False  # the many others need no look at the disk
        path = Path(os.path.realpath(file))
        return path.parent == self.folder or path in (self._place.target, self._about, self._bad)

    def leave(self) -> None:
        """Leave nothing behind of a job that is over or has not begun."""
        shutil.rmtree(self._gone, ignore_errors=True)
        if not self._job.exists():
            for file in (self._listed, self.folder / LOCK):
                file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # it is the user's own
                self.folder.rmdir()

    def _clear(self) -> None:
        """Remove the parts of another job."""
        names = [name for name in self._names() if name not in (LOCK, self._listed.name)]
        for name in names:
            if not (name in (self._job.name, self._images.name) or name.endswith(".tmp") or WRITTEN.fullmatch(name)):
                raise RunError(f"{self._named}: {name} is not what a job wrote.", "Name another file for --out.")
        for name in sorted(names, key=lambda name: name != self._job.name):  # without it, nothing else counts
            (self.folder / name).unlink()

    def finished(self, identity: Identity) -> Finished | None:
        """What an earlier command has made of this very job, if it has; None: it is still to be done.

        Raises:
            RunError: The table is another job's, or of none.
        """
        if self._job.exists() or not self._place.target.exists():
            return None
        try:
            about = json.loads(self._about.read_text(encoding="utf-8"))
            before, size = Identity(**about["job"]), about["bytes"]
        except (OSError, ValueError, TypeError, KeyError):
            before, size = None, -1
        if before is None or size != self._place.target.stat().st_size:
            raise RunError(f"{self.table}: exists, and no job has written it as it is.", FRESH)
        self._compare(before, identity, f"{self.table} is the table of another job")
        bad = self._bad if about["bad"] else None
        return Finished(self.table, self._shown(bad), about["rows"], about["bad"])

    def missing(self, parts: int) -> list[int]:
        """The numbers of the parts that are not done, in order."""
        done = {name.partition(".")[0] for name in self._names() if name.endswith(f".rows{self.form.suffix}")}
        return [number for number in range(parts) if _stem(number) not in done]

    def keep(self, number: int, done: Done) -> None:
        """Write a part; its rows come last, for they say that it is done.

        Raises:
            RunError: The disk is full.
        """
        bad = self._part(number, "bad")
        if done.bad is not None:
            write_atomic(bad, done.bad)
        else:
            bad.unlink(missing_ok=True)  # of a command that was killed, and of a file that can be read again
        write_atomic(self._part(number, "rows"), done.rows)

    def finish(self, identity: Identity, columns: Columns, parts: int) -> Finished:
        """Join the parts into the table, put it in its place, and remove them.

        Raises:
            RunError: The disk is full.
        """
        about = {"job": identity.to_json()}
        bad_parts = [file for number in range(parts) if (file := self._part(number, "bad")).exists()]
        document: dict[str, object] = {"job": json.loads(identity.to_json())}
        try:
            joined, joined_bad = (self.folder / f"joined.{kind}{self.form.suffix}" for kind in ("rows", "bad"))
            rows = self.form.join((self._part(n, "rows") for n in range(parts)), joined, columns, about)
            num_bad = self.form.join(bad_parts, joined_bad, BAD_COLUMNS, about) if bad_parts else 0
            assert rows + num_bad == identity.num_images, "every image has a row, in one table or the other"
            if bad_parts:
                _sync(joined_bad)
                take_place(joined_bad, Place.of(self._bad))
            else:
                self._bad.unlink(missing_ok=True)  # of an earlier job
            _sync(joined)
            document |= {"rows": rows, "bad": num_bad, "bytes": joined.stat().st_size}
            take_place(joined, self._place)
            about_file = self.folder / "about.json"
            write_atomic(about_file, json.dumps(document, indent=2) + "\n")
            take_place(about_file, Place.of(self._about))
            self._remove()
        except OSError as error:
            raise output_error(self.table, error) from None
        return Finished(self.table, self._shown(self._bad if bad_parts else None), rows, num_bad)

    def _remove(self) -> None:
        """Remove the folder, so that no half of it can be taken for a job."""
        shutil.rmtree(self._gone, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            self.folder.rename(self._gone)
        shutil.rmtree(self._gone, ignore_errors=True)

    def _compare(self, before: Identity, now: Identity, what: str) -> None:
        if differences := before.differences(now):
            if before.inputs != now.inputs and self._images.exists():
                differences.append(f"first of all, {first_difference(self._images, self._listed)}")
            raise RunError(f"{what}: {'; '.join(differences)}.", FRESH)

    def _read(self, file: Path) -> Identity:
        try:
            return Identity.from_json(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise RunError(f"{file}: is not what a job of Foveal wrote.", FRESH) from None

    def _names(self) -> list[str]:
        return os.listdir(self.folder)  # noqa: PTH208

    def _part(self, number: int, kind: str) -> Path:
        return self.folder / f"{_stem(number)}.{kind}{self.form.suffix}"

    def _shown(self, bad: Path | None) -> Path | None:
        """As the user would name it: beside the table as named."""
        return None if bad is None else self.table.with_name(bad.name)


def _check_name(name: str) -> None:
    if (room := NAME_BYTES - len(os.fsencode(f"{name}{GONE}"))) < 0:
        raise RunError(
            f"{name}: the name is too long for a table, beside which {name[:8]}...{GONE} is made.",
            f"Make it at least {plural(-room, 'byte')} shorter.",
        )


def _stem(number: int) -> str:
    return f"{number:06}"


def _sync(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
