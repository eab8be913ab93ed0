"""The one list of words for splits: in folders, file names, columns and keys of every format."""

import re
import unicodedata
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
    "publictest",
)
TEST = ("test", "testing", "tst", "testset", "testimages", "holdout", "privatetest")
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


def split_of(word: str) -> int:
    """Code of the split that a name stands for; UNASSIGNED for other names."""
    name = split_name(word)
    return UNASSIGNED if name is None else SPLITS.index(name)
