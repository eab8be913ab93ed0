"""The one list of words for splits: in folders, file names, columns and keys of every format."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED

TRAIN = ("train", "training", "trn", "traindata", "trainset", "trainingset", "trainimages")
VAL = (
    "val",
    "valid",
    "validation",
    "validate",
    "validating",
    "dev",
    "devel",
    "eval",
    "evaluation",
    "valset",
    "valdata",
    "valimages",
    "publictest",
)
TEST = ("test", "testing", "tst", "testset", "testdata", "testimages", "holdout", "privatetest")
WORDS = {
    **dict.fromkeys(TRAIN, "train"),
    **dict.fromkeys(VAL, "val"),
    **dict.fromkeys(TEST, "test"),
}
"""Words that stand for a split, in lower case."""
FILLERS = frozenset({"set", "split", "data", "images", "image", "imgs", "img", "seg", "new"})
"""Words beside one for a split that say nothing more, as in training_set, seg_train or test_images."""
FILE_FILLERS = FILLERS | frozenset(
    {
        *(
            "label",
            "labels",
            "annotation",
            "annotations",
            "anno",
            "annos",
            "annots",
            "anns",
            "ann",
            "xmls",
            "xml",
            "bbox",
            "bboxes",
            "box",
            "boxes",
        ),
        *("list", "csv", "df", "meta", "metadata", "gt", "classes", "file", "files", "detections", "oidv", "info"),
    }
)
"""Words beside one for a split in the names of annotation files, as in train-annotations-bbox.csv."""
GLUED = re.compile(r"(train|valid|val|test)(.+)")
"""A folder's name that begins with a split's, as traincrop does."""
PARTS = re.compile(r"[\s_\-.]+|\d+")


@lru_cache(maxsize=1 << 12)  # asked for every part of every path
def split_name(word: str) -> str | None:
    """The split that a name stands for, such as ``train2017``, ``Training_Set``, ``is_valid``; None: no split."""
    return _named(word, FILLERS)


def split_name_of_file(stem: str) -> str | None:
    """The split that an annotation file's name without suffix stands for, such as ``train_labels``; None: no split."""
    return _named(stem, FILE_FILLERS)


def _named(word: str, fillers: frozenset[str]) -> str | None:
    parts = [part for part in PARTS.split(unicodedata.normalize("NFKC", word).casefold()) if part]
    if len(parts) > 1:
        parts = [part for part in parts if part not in fillers and part != "is"]
    return WORDS.get(parts[0]) if len(parts) == 1 else None


def split_names(names: Iterable[str]) -> dict[str, str]:
    """The splits of folders beside each other, by their names, or as those that differ in nothing but a split's name.

    Such are ``cars_train`` and ``cars_test``, of which neither alone would be called like a split.
    """
    there = list(names)
    found = {name: split for name in there if (split := split_name(name)) is not None}
    if found:
        return found
    alike: dict[str, dict[str, str]] = {}
    for name in there:
        core, split = _core(name)
        if split:
            alike.setdefault(core, {})[name] = split
    groups = [one for one in alike.values() if len({*one.values()}) == len(one) > 1 and "train" in one.values()]
    return {name: split for one in groups for name, split in one.items()}


def _core(name: str) -> tuple[str, str]:
    """What is left of a name without its one word for a split, and that split; empty: it has none."""
    word = unicodedata.normalize("NFKC", name).casefold()
    parts = [part for part in PARTS.split(word) if part]
    words = [part for part in parts if part in WORDS]
    if len(words) == 1:
        return " ".join(part for part in parts if part != words[0]), WORDS[words[0]]
    match = GLUED.fullmatch(word)
    return (match[2], WORDS[match[1]]) if match else ("", "")


def split_of(word: str) -> int:
    """Code of the split that a name stands for; UNASSIGNED for other names."""
    name = split_name(word)
    return UNASSIGNED if name is None else SPLITS.index(name)
