"""Explanations: for one image, the evidence for each subject. NumPy and Pillow; no torch."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from foveal.brief import LINE_CHARACTERS
from foveal.errors import FovealError
from foveal.explain.evidence import Evidence, Pixels
from foveal.inference.drawing import Drawing
from foveal.types.predictions.shown import NOTEBOOK_PX

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Explanation", "scale_key", "scales_of"]


@dataclass(frozen=True, repr=False)
class Explanation:
    """Why a model predicted what it did for one image: the evidence for each subject.

    Attributes:
        evidence: One for each subject, as asked or by falling score; empty: nothing of that kind was predicted.
        size: (width, height) of the image in pixels.
        method: How it was found.
        drawing: Its image, and how it is read.
        scales: The evidence that gets the strongest colour, by ``scale_key``; shared by the images of one call.
    """

    evidence: tuple[Evidence, ...]
    size: tuple[int, int]
    method: str
    drawing: Drawing
    scales: "dict[tuple[str, str], float] | None" = None

    def __len__(self) -> int:
        """The number of subjects."""
        return len(self.evidence)

    def __iter__(self) -> Iterator[Evidence]:
        """The evidence for each subject."""
        return iter(self.evidence)

    def __getitem__(self, place: int) -> Evidence:
        """The evidence for a subject, by its place."""
        return self.evidence[place]

    def __repr__(self) -> str:
        """One line: ``Explanation(cam: bees 99.8%; 640 x 480 px)``."""
        parts: list[str] = []
        for one in self.evidence:
            part = f"{one.subject.title[:60]} {one.subject.score:.1%}{'' if one.found else ' (no evidence)'}"
            if sum(map(len, parts)) + len(part) > LINE_CHARACTERS - 50:
                parts.append(f"and {len(self) - len(parts)} more")
                break
            parts.append(part)
        width, height = self.size
        text = f"Explanation({self.method}: {', '.join(parts) or 'nothing predicted'}; {width} x {height} px)"
        return text.replace("\n", " ")

    @property
    def arrays(self) -> list[Pixels]:
        """For each subject the (H, W) float32 map in the image's pixels."""
        return [one.array for one in self.evidence]

    def draw(self, image: object = None, *, only: int | None = None) -> "Image.Image":
        """The image beside its maps, one below the other.

        Args:
            image: In any form that ``predict`` takes; None: the image that was explained.
            only: The place of one subject; None: all.

        Raises:
            ImageError: The image cannot be read, or is there no longer.
            ConfigError: The explanation does not know its image, and none is passed.
        """
        from PIL import Image

        from foveal.explain.panels import panel, stacked

        pixels = self.drawing.pixels(image, self.size)
        chosen = self.evidence if only is None else (self.evidence[only],)
        scales = self.scales or scales_of([self])
        return Image.fromarray(stacked([panel(pixels, one, scale=scales[scale_key(one)]) for one in chosen], pixels))

    def save(self, path: str | Path, image: object = None) -> Path:
        """Save what ``draw`` gives; the suffix says in which format.

        Raises:
            ImageError: The image cannot be read.
            ConfigError: The suffix is not that of an image format that can be written.
            RunError: The file cannot be written.
        """
        self.drawing.write(Path(path), self.draw(image))
        return Path(path)

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON: ``size``, ``method``, ``seen`` and the subjects."""
        return {
            "size": list(self.size),
            "method": self.method,
            "seen": list(self.evidence[0].seen) if self.evidence else None,
            "subjects": [one.to_dict() for one in self.evidence],
        }

    def shared(self, scales: "dict[tuple[str, str], float]") -> Self:
        """The same, drawn on these scales."""
        return replace(self, scales=scales)

    def _repr_png_(self) -> bytes | None:
        """What a notebook shows; None, where its image is unknown or gone, leaves it the text."""
        try:
            drawn = self.draw()
        except FovealError:
            return None
        drawn.thumbnail((NOTEBOOK_PX, 4 * NOTEBOOK_PX))
        buffer = io.BytesIO()
        drawn.save(buffer, "PNG")
        return buffer.getvalue()


LEAST_SCALE = {"cam": 5.0, "cells": 5.0, "layercam": 5.0, "ig": 5.0, "smooth": 5.0, "attention": 2.0}
"""Evidence for a class of a full image that at least gets the strongest colour, so that what is weak is drawn weakly:
the logit if all of the image were like that place, 148 to 1; of attention, twice the even one."""


def scale_key(one: Evidence) -> tuple[str, str]:
    """Maps with one key are drawn on one scale: those of one class, by one method."""
    return one.method, f"{one.subject.kind} {one.subject.name}\0{one.subject.rival}"


def scales_of(explanations: Sequence[Explanation]) -> dict[tuple[str, str], float]:
    """The scale of each class: its strongest evidence in any of the images."""
    scales: dict[tuple[str, str], float] = {}
    for one in (one for explanation in explanations for one in explanation):
        least = LEAST_SCALE.get(one.method, 0.0) if one.subject.kind == "class" else 0.0
        scales[scale_key(one)] = max(scales.get(scale_key(one), least), one.highest)
    return scales
