"""Cityscapes' forms of one mask: class ids, training ids, object ids and colours beside each other."""

import re
from collections import Counter
from collections.abc import Iterable

FORM = re.compile(r".+_(?:gtFine|gtCoarse)_(\w+)")
TRAIN_IDS, IDS = "labelTrainIds", "labelIds"


def form_of(stem: str) -> str:
    """The form of a mask; empty: it is not named after one."""
    match = FORM.fullmatch(stem)
    return match[1] if match else ""


def chosen_form(stems: Iterable[str]) -> str:
    """The form that is read: training ids where every image has them, else class ids; empty: there are no forms."""
    counts = Counter(form_of(stem) for stem in stems)
    if counts[TRAIN_IDS] and counts[TRAIN_IDS] >= counts[IDS]:
        return TRAIN_IDS
    return IDS if counts[IDS] else ""
