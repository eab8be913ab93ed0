"""What the columns of a table say about splits."""

from collections.abc import Sequence
from dataclasses import dataclass

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.splits import split_name
from foveal.data.formats.table.text import Sample
from foveal.data.formats.table.titles import SPLIT_TITLES, place, plain
from foveal.data.notes import listed
from foveal.errors import DataError

TRUE = frozenset({"1", "1.0", "true", "t", "yes", "y"})
FALSE = frozenset({"0", "0.0", "false", "f", "no", "n", ""})
NO_SPLIT = "UNASSIGNED"
"""What AutoML writes in place of a split that it is to choose."""
SPLIT_WORD = "split"
"""A column of this title holds splits and nothing else."""
TRAIN, VAL, TEST = (SPLITS.index(name) for name in SPLITS)


@dataclass(frozen=True)
class SplitColumns:
    """Where the split of a row is.

    Attributes:
        word: The column with the split's name; -1: none.
        flags: Columns of true and false, such as ``is_valid``, each with the code of its split.
        notes: What is read and what is not.
        told: Columns that the notes say are not read.
    """

    word: int = -1
    flags: tuple[tuple[int, int], ...] = ()
    notes: tuple[str, ...] = ()
    told: tuple[int, ...] = ()

    @property
    def columns(self) -> tuple[int, ...]:
        """Columns that are read."""
        return (*((self.word,) if self.word >= 0 else ()), *(at for at, _ in self.flags))

    def code(self, fields: Sequence[str], where: str, default: int = UNASSIGNED) -> int:
        """The split of a row; ``default`` where it names none.

        Raises:
            DataError: It names one that does not exist.
        """
        if self.word >= 0:
            written = fields[self.word].strip()
            if not written or written.upper() == NO_SPLIT:
                return default
            name = split_name(written)
            if name is None:
                raise DataError(f"{where}: unknown split {written!r}.", "Use train, val or test, or leave it empty.")
            return SPLITS.index(name)
        return self._flagged(fields, where) if self.flags else default

    def _flagged(self, fields: Sequence[str], where: str) -> int:
        falls = TRAIN
        for at, code in self.flags:
            value = fields[at].strip().lower()
            if value in TRUE:
                return code
            if value not in FALSE:
                raise DataError(f"{where}: {fields[at]!r} is neither true nor false.", "Write 1 or 0.")
            falls = TEST if code == TRAIN and len(self.flags) == 1 else falls
        return falls


def is_split(text: str) -> bool:
    """Whether a field names a split, or says that there is none yet."""
    return split_name(text) is not None or text.upper() == NO_SPLIT


def split_columns(sample: Sample, taken: Sequence[int], *, one_hot: bool = False) -> SplitColumns:
    """The columns of splits, by their titles and their values.

    Args:
        sample: The table's beginning.
        taken: Columns that are something else.
        one_hot: Whether columns of 0 and 1 are classes, so that only ``is_valid`` and the like are flags.
    """
    notes: list[str] = []
    told: list[int] = []
    for at in place(sample.titles, SPLIT_TITLES):
        if at in taken:
            continue
        values = sample.column(at)
        if any(map(split_name, values)) or (plain(sample.titles[at]) == SPLIT_WORD and not _numbers(values)):
            return SplitColumns(at, notes=tuple(notes), told=tuple(told))
        if values and _numbers(values):
            told.append(at)
            shown = listed(sorted({*values}))
            notes.append(
                f"Column {sample.titles[at]!r} holds numbers ({shown}), which name no split; it is not read. Write"
                " train, val or test."
            )
    flags = []
    for at, title in enumerate(sample.titles):
        name = split_name(plain(title).replace("_image", ""))
        is_flag = plain(title).startswith("is") or not one_hot
        if name and is_flag and at not in taken and {value.lower() for value in sample.column(at)} <= TRUE | FALSE:
            flags.append((at, SPLITS.index(name)))
    if len(flags) == 1 and flags[0][1] == TRAIN:
        notes.append(f"Column {sample.titles[flags[0][0]]!r}: images that are not of train are read as test.")
    return SplitColumns(flags=tuple(flags), notes=tuple(notes), told=tuple(told))


def _numbers(values: Sequence[str]) -> bool:
    return bool(values) and all(value.replace(".", "", 1).lstrip("+-").isdigit() for value in values)
