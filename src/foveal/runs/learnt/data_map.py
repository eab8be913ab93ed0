"""``foveal explain MODEL --map DATA``: a data set in two dimensions, as the model sees it."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from foveal.data.catalog.catalog import Catalog
from foveal.errors import ImageError
from foveal.explain.learnt.embedding_map import places_of
from foveal.explain.learnt.neighbours import described
from foveal.inference.backends.contract import FEATURES
from foveal.inference.predictor import Predictor
from foveal.metrics.contract import MAX_MISTAKES
from foveal.report.learnt.map_page import THUMB_PX, DataMap, Point, render_map
from foveal.runs.learnt.like import left_out, read_for
from foveal.runs.learnt.output import save_page
from foveal.types.arrays import RGB, FloatArray
from foveal.types.predictions.prediction import Prediction
from foveal.types.progress import Progress, silent

MOST_IMAGES = 5000
"""Images on a map: t-SNE takes minutes for more, and the page megabytes."""
FRAME_PX = 720
"""Height of the page in a notebook."""


@dataclass(frozen=True, eq=False)
class MapSheet:
    """A data set in two dimensions.

    Attributes:
        points: Its images, each with its places in both layouts.
        page: The page, as a string.
        images: How many images are on it.
        mistakes: How many of them are marked.
        explained: Part of the variance that two principal components hold.
        notes: What a user should know.
    """

    points: Sequence[Point]
    page: str
    images: int
    mistakes: int
    explained: float
    notes: Sequence[str] = ()

    def __repr__(self) -> str:
        """One line: ``MapSheet(1,200 images, 7 marked; PCA holds 34%)``."""
        return f"MapSheet({self.images:,} images, {self.mistakes:,} marked; PCA holds {self.explained:.0%})"

    def save(self, path: str | Path) -> Path:
        """Write the page: one file that opens anywhere.

        Raises:
            ConfigError: The name is not that of a page.
            RunError: It cannot be written.
        """
        return save_page(path, self.page)

    def _repr_html_(self) -> str:
        """What a notebook shows: the page in a frame of its own."""
        page = html.escape(self.page, quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:{FRAME_PX}px;border:0"></iframe>'

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "images": self.images,
            "mistakes": self.mistakes,
            "pca_explained": round(self.explained, 4),
        }


@dataclass
class _Seen:
    """What is gathered in one pass over the images."""

    places: list[int]
    features: list[FloatArray]
    thumbs: list[RGB]
    predicted: list[str]
    wrong: list[bool]
    wrong_are: str = "mistakes"


def draw_map(predictor: Predictor, data: Path, *, model: str, seed: int = 0, progress: Progress = silent) -> MapSheet:
    """Lay out a data set by what the model finds alike.

    Args:
        predictor: The model.
        data: The data set.
        model: The model's name.
        seed: Of t-SNE.
        progress: Told how far it is.

    Raises:
        ConfigError: An export, or a data set with other classes.
        DataError: The data set cannot be read, or has fewer than three images.
    """
    progress("reading the data set", 0, None)
    catalog, read = read_for(predictor, data, option="--map")
    notes = list[str]()
    if len(catalog) > MOST_IMAGES:
        notes.append(f"The map has {MOST_IMAGES:,} images, evenly chosen among {len(catalog):,}.")
        catalog = catalog.take(np.linspace(0, len(catalog) - 1, MOST_IMAGES).round().astype(np.int64))
    bad: dict[int, ImageError] = {}
    seen = _look(predictor, catalog, bad, progress)
    if bad:
        notes.append(left_out(len(bad)))
    progress("laying out the map", 0, None)
    places = places_of(np.stack(seen.features) if seen.features else np.zeros((0, 1), np.float32), seed=seed)
    points = [
        Point(
            catalog.names[i],
            [int(k) for k in catalog.labels[i]],
            seen.predicted[row],
            seen.wrong[row],
            (float(places.tsne[row, 0]), float(places.tsne[row, 1])),
            (float(places.pca[row, 0]), float(places.pca[row, 1])),
        )
        for row, i in enumerate(seen.places)
    ]
    shown = DataMap(
        data.resolve().name,
        model,
        catalog.categories.names,
        points,
        seen.thumbs,
        places.explained,
        places.perplexity,
        seen.wrong_are,
        notes,
    )
    page = render_map(shown)
    return MapSheet(points, page, len(points), shown.num_wrong, places.explained, [*read, *notes])


def _look(predictor: Predictor, catalog: Catalog, bad: dict[int, ImageError], progress: Progress) -> _Seen:
    """One pass: vectors, thumbnails, predictions and which of them are wrong."""
    output, seen = predictor.output, _Seen([], [], [], [], [])
    truths, metric = output.truths(catalog, range(len(catalog))), output.metric()
    labelled = catalog.annotation == "labels"
    for place, arrays, prepared in described(predictor, list(catalog.paths()), bad=bad):
        prediction: Prediction = next(iter(output.assemble(arrays, [prepared.geometry])))
        row = output.prediction_row(truths[place], prediction)
        if labelled:
            seen.wrong.append(row["truth"] != row["prediction"])
            seen.predicted.append(
                f"predicted: {str(row['prediction']).replace('|', ', ') or 'nothing'} ({row['score']:.1%})"
            )
        else:
            metric.update(truths[place], prediction)
            seen.wrong.append(False)
            seen.predicted.append("")
        seen.places.append(place)
        seen.features.append(arrays[FEATURES][0])
        thumb = Image.fromarray(prepared.pixels).resize((THUMB_PX, THUMB_PX), Image.Resampling.LANCZOS)
        seen.thumbs.append(np.asarray(thumb))
        progress("looking at the images", place + 1, len(catalog))
    if not labelled and seen.places:
        worst = metric.compute(num_resamples=2, seed=0, groups=None).worst
        seen.wrong_are = "mistakes" if len(worst) < MAX_MISTAKES else "worst mistakes"
        for mistake in worst:
            seen.wrong[mistake.position], seen.predicted[mistake.position] = True, mistake.caption
    return seen
