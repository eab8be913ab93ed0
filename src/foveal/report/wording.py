"""How the report writes numbers, names and values."""

import math
from collections.abc import Mapping, Sequence

NOTHING = "–"
"""Written where a number is undefined."""


def number(value: float) -> str:
    """Three decimals, more where they would all be zeros: ``0.957``, ``12.500``, ``3.2e-05``."""
    if not math.isfinite(value):
        return NOTHING
    return f"{value:,.3f}" if value == 0 or abs(value) >= 0.001 else f"{value:.1e}"


def count(value: float) -> str:
    """A count: ``1,244``; as ``number`` writes it if it is not whole."""
    return f"{int(value):,}" if math.isfinite(value) and float(value).is_integer() else number(value)


WORDS = {
    "ap": "AP",
    "auc": "AUC",
    "brier": "Brier score",
    "dice": "Dice",
    "ece": "calibration error",
    "f1": "F1",
    "fw": "frequency-weighted",
    "iou": "IoU",
    "lr": "learning rate",
    "mae": "MAE",
    "map": "mAP",
    "miou": "mIoU",
    "rmse": "RMSE",
    "roc": "ROC",
    "top5": "top-5 accuracy",
    "val": "validation",
}
"""How parts of a name are written, where not as they are."""


def spoken(name: str) -> str:
    """A metric's or column's name as words: ``f1_macro`` becomes ``F1 macro``, ``voc2007_AP50`` ``VOC2007 AP50``."""
    parts = name.replace("voc20", "VOC20").split("_")
    return " ".join(WORDS.get(part, part) for part in parts)


def heading(name: str) -> str:
    """The same as a heading: with a capital, unless the word has one of its own, as mAP and mIoU have."""
    words = spoken(name)
    return words[:1].upper() + words[1:] if words.split(" ")[0].islower() else words


def sentence(text: str) -> str:
    """With a capital and a full stop; names in it stay as they are."""
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")


def setting(value: object) -> str:
    """A value of the configuration."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(setting(v) for v in value) or NOTHING
    return str(value)


def sections(config: Mapping[str, object]) -> list[tuple[str, list[tuple[str, str]]]]:
    """A nested configuration as titled lists of (key, value); deeper levels get dotted keys, loose keys come first."""
    loose = [(key, setting(value)) for key, value in config.items() if not isinstance(value, Mapping)]
    out = [("run", loose)] if loose else []
    for title, section in config.items():
        if isinstance(section, Mapping):
            out.append((title, _flatten(section, "")))
    return out


def _flatten(section: Mapping[str, object], prefix: str) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in section.items():
        if isinstance(value, Mapping):
            rows.extend(_flatten(value, f"{prefix}{key}."))
        else:
            rows.append((f"{prefix}{key}", setting(value)))
    return rows
