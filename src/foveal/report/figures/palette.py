"""The report's colours, by name: light and dark for the page, light for files and paper."""

from collections.abc import Sequence

LIGHT = {
    "ground": "#f7f8fa",
    "card": "#ffffff",
    "ink": "#15181e",
    "muted": "#5f6978",
    "line": "#e3e6eb",
    "soft": "#eef1f5",
    "bar": "#b4bfd0",
    "accent": "#2456c9",
    "accent-soft": "#d9e4fb",
    "warn": "#c9531c",
    "bad": "#b3141f",
    "curve-0": "#2456c9",
    "curve-1": "#d0320e",
    "curve-2": "#008d64",
    "curve-3": "#9c59ff",
    "curve-4": "#b48f00",
    "curve-5": "#ff43ac",
    "curve-6": "#3a9adb",
    "curve-7": "#680000",
    "curve-8": "#000087",
    "curve-9": "#a6009a",
    "curve-10": "#003738",
    "curve-11": "#6b545a",
    "split-0": "#2456c9",
    "split-1": "#7fa3ee",
    "split-2": "#c3cad6",
}
DARK = {
    "ground": "#0e1014",
    "card": "#16191f",
    "ink": "#e7eaef",
    "muted": "#98a1af",
    "line": "#2a2f38",
    "soft": "#20242c",
    "bar": "#4d576b",
    "accent": "#7ea4ff",
    "accent-soft": "#24345c",
    "warn": "#ff9560",
    "bad": "#ff6b74",
    "curve-0": "#7ea4ff",
    "curve-1": "#ff9400",
    "curve-2": "#04cc6c",
    "curve-3": "#af69dc",
    "curve-4": "#d8db08",
    "curve-5": "#f19ebc",
    "curve-6": "#1ae2ff",
    "curve-7": "#b44853",
    "curve-8": "#5d4bee",
    "curve-9": "#f547a9",
    "curve-10": "#96905d",
    "curve-11": "#e1e8d3",
    "split-0": "#7ea4ff",
    "split-1": "#4566b3",
    "split-2": "#4a5160",
}
INK, MUTED, LINE, RIGHT, WRONG = (LIGHT[name] for name in ("ink", "muted", "line", "accent", "warn"))
"""Colours that figures are drawn in; the page turns each into the CSS variable of its name."""
CURVES = [f"curve-{k}" for k in range(12)]
"""Twelve colours, found by a search: the least distance of two in OKLab is 0.18 in the light and 0.15 in the dark, and
half of that as red-blind and green-blind readers see them (Machado et al. 2009); each contrasts 3 to 1 with a card."""
DASHES = {"solid": "-", "dashed": (0, (4, 2)), "dotted": (0, (1, 2))}
"""Kinds of line by their CSS name; the second twelve curves are dashed, the third dotted."""
Look = tuple[str, str]
"""Names of a curve's colour and kind of line."""
METRICS: dict[str, Look] = {"F1": ("ink", "solid"), "precision": ("muted", "dashed"), "recall": ("muted", "dotted")}
"""Curves of metrics beside each other, in no colour that is a class's."""
ROLES = {"train": 0, "training": 0, "val": 1, "validation": 1, "truth": 0, "predicted": 1}
"""Curves whose name begins with one of these words have its colour in every figure."""


def curve_style(index: int) -> Look:
    """The look of the index-th curve."""
    return CURVES[index % len(CURVES)], list(DASHES)[index // len(CURVES) % len(DASHES)]


def looks(names: Sequence[str], classes: Sequence[str] = ()) -> dict[str, Look]:
    """The look of each curve of a figure.

    A class has the look of its place in the class map, whatever figure it is in; among classes, what is not a class
    (their mean) is drawn in ink.

    Args:
        names: Of the curves, in order.
        classes: The class map.
    """
    places = {name: k for k, name in enumerate(classes)}
    if any(name in places for name in names):
        return {name: curve_style(places[name]) if name in places else ("ink", "solid") for name in names}
    if len(names) > 1 and set(names) <= METRICS.keys():
        return {name: METRICS[name] for name in names}
    return {name: curve_style(ROLES.get(name.split(" ")[0], k)) for k, name in enumerate(names)}
