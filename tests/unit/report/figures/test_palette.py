"""Contrast, from the colours themselves: WCAG asks for 4.5 to 1 for text, 3 to 1 for lines."""

import itertools

import numpy as np
import pytest

from foveal.report.figures.matrix import NUMBERED
from foveal.report.figures.palette import CURVES, DARK, LIGHT, curve_style

RGB = tuple[float, float, float]


def rgb(color: str) -> RGB:
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))  # type: ignore[return-value]


def over(color: RGB, ground: RGB, opacity: float) -> RGB:
    return tuple(opacity * c + (1 - opacity) * g for c, g in zip(color, ground, strict=True))  # type: ignore[return-value]


def contrast(one: RGB, other: RGB) -> float:
    def luminance(color: RGB) -> float:
        linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_itself():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast(rgb("#777777"), rgb("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read(colors):
    for text, ground in itertools.product(("ink", "muted"), ("card", "ground")):
        assert contrast(rgb(colors[text]), rgb(colors[ground])) >= 4.5, (text, ground)
    for cell, opacity in itertools.product(("accent", "warn"), (0.1, NUMBERED)):
        ground = over(rgb(colors[cell]), rgb(colors["card"]), opacity)
        assert contrast(rgb(colors["ink"]), ground) >= 4.5, (cell, opacity)


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
def test_curves_can_be_seen(colors):
    for name in CURVES:
        assert contrast(rgb(colors[name]), rgb(colors["card"])) >= 3, name


def test_colours_that_are_one_in_the_light_are_one_in_the_dark():
    assert LIGHT.keys() == DARK.keys()
    pairs = itertools.combinations(LIGHT, 2)
    assert all(DARK[a] == DARK[b] for a, b in pairs if LIGHT[a] == LIGHT[b] and "split" not in a + b)


def test_36_curves_differ():
    assert len({curve_style(k) for k in range(36)}) == 36


def oklab(colors: np.ndarray) -> np.ndarray:
    """Linear RGB to OKLab (Ottosson 2020)."""
    lms = np.cbrt(
        colors @ np.array([[0.41222, 0.53633, 0.05145], [0.2119, 0.6807, 0.1074], [0.0883, 0.28172, 0.62998]]).T
    )
    return lms @ np.array([[0.21045, 0.79362, -0.00407], [1.978, -2.42859, 0.45059], [0.0259, 0.78277, -0.80868]]).T


RED_BLIND = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
GREEN_BLIND = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]


@pytest.mark.parametrize(("colors", "least"), [(LIGHT, 0.18), (DARK, 0.15)], ids=["light", "dark"])
@pytest.mark.parametrize(("seen", "part"), [(np.eye(3), 1), (RED_BLIND, 0.5), (GREEN_BLIND, 0.5)])
def test_twelve_colours_stay_apart(colors, least, seen, part):
    srgb = np.array([rgb(colors[name]) for name in CURVES]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    lab = oklab(np.clip(linear @ np.array(seen).T, 0, 1))
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=-1) + 9 * np.eye(12)
    assert apart.min() >= least * part - 0.002
