"""The page of a data set's map: one file that loads nothing from the network."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from foveal.report.embed import webp_uri
from foveal.report.learnt.environment import environment
from foveal.report.wording import count
from foveal.types.arrays import RGB

THUMB_PX, ACROSS = 80, 16
"""Side of a thumbnail, and thumbnails along a side of a sheet."""
COLORS = 12
"""Classes with a colour of their own: the largest."""
GRAY = "bar"


@dataclass(frozen=True)
class Point:
    """An image on the map.

    Attributes:
        file: Its name.
        labels: Its annotated classes, by id.
        predicted: What is predicted, in words.
        wrong: Whether that is a mistake.
        tsne: Its place, in [-1, 1].
        pca: Its place, in [-1, 1].
    """

    file: str
    labels: Sequence[int]
    predicted: str
    wrong: bool
    tsne: tuple[float, float]
    pca: tuple[float, float]


@dataclass(frozen=True)
class DataMap:
    """What the page shows.

    Attributes:
        title: The data set.
        model: The model.
        names: The class map.
        points: The images.
        thumbs: Of each image, (THUMB_PX, THUMB_PX, 3).
        explained: Part of the variance that the two principal components hold.
        perplexity: Of t-SNE.
        wrong_are: What ``wrong`` images are, such as mistakes.
        notes: What a reader should know first.
    """

    title: str
    model: str
    names: Sequence[str]
    points: Sequence[Point]
    thumbs: Sequence[RGB]
    explained: float
    perplexity: float
    wrong_are: str = "mistakes"
    notes: Sequence[str] = ()

    @property
    def num_wrong(self) -> int:
        """Images with a mistake."""
        return sum(point.wrong for point in self.points)

    @property
    def counts(self) -> list[int]:
        """Images with each class."""
        found = Counter(k for point in self.points for k in point.labels)
        return [found[k] for k in range(len(self.names))]

    @property
    def colors(self) -> list[str]:
        """The colour of each class, by its name in the palette; the smaller ones of many are gray."""
        counts, out = self.counts, [GRAY] * len(self.names)
        largest = sorted(range(len(counts)), key=lambda k: (-counts[k], k))[:COLORS]
        for place, k in enumerate(sorted(largest)):
            out[k] = f"curve-{place}"
        return out

    @property
    def several(self) -> bool:
        """Whether some images have more than one class."""
        return any(len(point.labels) > 1 for point in self.points)

    @property
    def grayed(self) -> int:
        """Classes without a colour of their own."""
        return max(0, len(self.names) - COLORS)

    @property
    def classes(self) -> list[tuple[str, int, str]]:
        """Name, images and colour of each class."""
        return list(zip(self.names, self.counts, self.colors, strict=True))


def render_map(shown: DataMap) -> str:
    """The page as a string; the same content gives the same one.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """
    counts = shown.counts
    data = {
        "thumb": THUMB_PX,
        "across": ACROSS,
        "classes": list(shown.names),
        "colors": shown.colors,
        "sheets": sheets(shown.thumbs),
        "points": [
            {
                "file": point.file,
                "labels": sorted(point.labels, key=lambda k: (counts[k], k)),
                "predicted": point.predicted,
                "wrong": point.wrong,
                "tsne": [round(v, 4) for v in point.tsne],
                "pca": [round(v, 4) for v in point.pca],
            }
            for point in shown.points
        ],
    }
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return environment().get_template("map.html.j2").render(map=shown, data=text, whole=count)


def sheets(thumbs: Sequence[RGB]) -> list[str]:
    """Thumbnails side by side in few images, which a page loads faster than many."""
    per, out = ACROSS * ACROSS, []
    for start in range(0, len(thumbs), per):
        part = thumbs[start : start + per]
        rows = -(-len(part) // ACROSS)
        canvas = Image.new("RGB", (ACROSS * THUMB_PX, rows * THUMB_PX))
        for place, thumb in enumerate(part):
            canvas.paste(Image.fromarray(thumb), (place % ACROSS * THUMB_PX, place // ACROSS * THUMB_PX))
        out.append(webp_uri(np.asarray(canvas), side=ACROSS * THUMB_PX, quality=70))
    return out
