"""The report of a run: one HTML page that opens from disk and loads nothing from the network."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.metrics.contract import MAX_MISTAKES, Lines
from foveal.report.cells import LONG_TABLE, THUMB_PX, Gauge, Photo, Shown, class_bars, class_rows, column_names
from foveal.report.content import Content
from foveal.report.figures.files import write_figures
from foveal.report.figures.history import training_curves
from foveal.report.figures.palette import looks
from foveal.report.figures.svg import NAMES
from foveal.report.learnt.environment import environment
from foveal.report.wording import count, sections

MAX_IMAGES, MAX_BATCH = 24, 16
"""Evaluated images, and images of the batch, that are shown: they make up most of the page's size."""

PAGE = "report.html"
SEVERAL = 8
"""Images from which they have a filter."""


def write_report(path: Path, content: Content) -> None:
    """Write the page, and its figures as PNG into ``figures/`` beside it.

    The same content gives the same bytes.

    Args:
        path: The HTML file; replaced if it exists.
        content: What to show.

    Raises:
        MissingExtraError: Jinja2 or matplotlib is not installed.
        RunError: The folder cannot be written.
    """
    html = render(content)
    make_folder(path.parent)
    write_figures(
        path.parent / "figures", [*_training(content), *content.results.panels, *content.data_panels], _classes(content)
    )
    write_atomic(path, html.encode("utf-8", "replace"))


def why_no_page() -> str:
    """A note where there can be no page because a package is missing, else nothing."""
    missing = [name for name in ("jinja2", "matplotlib") if not _is_there(name)]
    return f"No {PAGE}: it needs {' and '.join(missing)}; pip install {' '.join(missing)}" if missing else ""


def render(content: Content) -> str:
    """The page as a string.

    Raises:
        MissingExtraError: Jinja2 or matplotlib is not installed.
    """
    template = environment().get_template("page.html.j2")
    settings = sections(content.config)
    results, headline, classes = content.results, _headline(content), _classes(content)
    columns = list(dict.fromkeys(name for row in results.per_class.values() for name in row))
    gauges = {name: Gauge.of(name, value, lower=name in content.lower) for name, value in results.metrics.items()}
    return template.render(
        content=content,
        headline=gauges.get(headline),
        gauges=list(gauges.values()),
        training=[Shown.of(panel, classes) for panel in _training(content)],
        panels=[Shown.of(panel, classes) for panel in results.panels],
        class_legend=class_legend(content),
        columns=column_names(columns),
        classes=class_rows(results.per_class, columns),
        long=LONG_TABLE,
        several=SEVERAL,
        images=[Photo.of(image) for image in content.examples[:MAX_IMAGES]],
        num_mistakes=max(len(content.examples), len(results.worst)),
        all_mistakes=len(results.worst) < MAX_MISTAKES,
        batch=[Photo.of(image, side=THUMB_PX) for image in content.batch[:MAX_BATCH]],
        splits=list(content.class_counts),
        counts=[
            (what, class_bars(counts))
            for what, counts in (("images", content.class_counts), ("objects", content.object_counts))
            if counts
        ],
        data_panels=[Shown.of(panel) for panel in content.data_panels],
        totals=[content.split_sizes.get(split) for split in content.class_counts],
        sections=settings,
        num_settings=sum(len(rows) for _, rows in settings),
        whole=count,
        drawn=NAMES.values(),
    )


def class_legend(content: Content) -> list[tuple[str, str, str]]:
    """Name, colour and kind of line of the classes that have curves: one legend for all figures."""
    classes = _classes(content)
    drawn = {name for panel in content.results.panels if isinstance(panel, Lines) for name in panel.curves}
    return [(name, *look) for name, look in looks(classes, classes).items() if name in drawn]


def _is_there(package: str) -> bool:
    try:
        import_module(package)
    except ImportError:
        return False
    return True


def _headline(content: Content) -> str:
    """The metric at the top: the headline if present, else the first; empty where there is none."""
    metrics = content.results.metrics
    return content.headline if content.headline in metrics else next(iter(metrics), "")


def _classes(content: Content) -> Sequence[str]:
    """The class map, in its order."""
    return list(content.results.per_class)


def _training(content: Content) -> list[Lines]:
    """Curves over epochs."""
    return training_curves(content.history, _headline(content), kept=content.kept)
