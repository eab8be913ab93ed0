"""The one list of words for splits: in folders, file names, columns and keys of every format."""

import re
import unicodedata

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED

TRAIN = ("train", "training", "trn", "traindata", "trainset", "trainingset", "trainimages")
VAL = ("val", "valid", "validation", "validate", "validating", "dev", "devel", "eval", "evaluation", "valset")
TEST = ("test", "testing", "tst", "testset", "testimages", "holdout")
WORDS = {
    **dict.fromkeys(TRAIN, "train"),
    **dict.fromkeys(VAL, "val"),
    **dict.fromkeys(TEST, "test"),
}
"""Words that stand for a split, in lower case."""
FILLERS = frozenset({"set", "split", "data", "images", "image", "imgs", "img", "seg", "new"})
"""Words beside one for a split that say nothing more, as in training_set, seg_train or test_images."""
PARTS = re.compile(r"[\s_\-.]+|\d+")


def split_name(word: str) -> str | None:
    """The split that a name stands for, such as ``train2017``, ``Training_Set``, ``is_valid``; None: no split."""
    parts = [part for part in PARTS.split(unicodedata.normalize("NFKC", word).casefold()) if part]
    if len(parts) > 1:
        parts = [part for part in parts if part not in FILLERS and part != "is"]
    return WORDS.get(parts[0]) if len(parts) == 1 else None


def split_of(word: str) -> int:
    """Code of the split that a name stands for; UNASSIGNED for other names."""
    name = split_name(word)
    return UNASSIGNED if name is None else SPLITS.index(name)
