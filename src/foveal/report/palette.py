"""The report's colours, by name: light and dark for the page, light for files and paper."""

LIGHT = {
    "ground": "#f7f8fa",
    "card": "#ffffff",
    "ink": "#15181e",
    "muted": "#5f6978",
    "line": "#e3e6eb",
    "soft": "#eef1f5",
    "accent": "#2456c9",
    "accent-soft": "#d9e4fb",
    "warn": "#c9531c",
    "curve-0": "#2456c9",
    "curve-1": "#d9622b",
    "curve-2": "#1f9470",
    "curve-3": "#8d4fc4",
    "curve-4": "#b08609",
    "curve-5": "#cc3f78",
    "curve-6": "#2b97b7",
    "curve-7": "#747b88",
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
    "accent": "#7ea4ff",
    "accent-soft": "#24345c",
    "warn": "#ff9560",
    "curve-0": "#7ea4ff",
    "curve-1": "#ff9560",
    "curve-2": "#4fcaa2",
    "curve-3": "#c193f2",
    "curve-4": "#e3bd4a",
    "curve-5": "#f47fae",
    "curve-6": "#69cbe6",
    "curve-7": "#a4abb8",
    "split-0": "#7ea4ff",
    "split-1": "#4566b3",
    "split-2": "#4a5160",
}
INK, MUTED, LINE, RIGHT, WRONG = (LIGHT[name] for name in ("ink", "muted", "line", "accent", "warn"))
"""Colours that figures are drawn in; the page turns each into the CSS variable of its name."""
CURVES = [f"curve-{k}" for k in range(8)]
DASHES = {"solid": "-", "dashed": (0, (4, 2)), "dotted": (0, (1, 2))}
"""Kinds of line by their CSS name; the second eight curves are dashed, the third dotted."""


def curve_style(index: int) -> tuple[str, str]:
    """Names of the index-th curve's colour and kind of line."""
    return CURVES[index % len(CURVES)], list(DASHES)[index // len(CURVES) % len(DASHES)]
