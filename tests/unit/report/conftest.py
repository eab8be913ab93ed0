"""A report with awkward names and everything in it, and figures as an XML parser reads them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, fromstring

import numpy as np
import pytest

from foveal.metrics.contract import Interval, Lines, Matrix, Mistake, Results, Table
from foveal.report.content import CaptionedImage, Content, Step
from foveal.report.findings.contract import Finding

NAMES = ("<b>bold</b>", "蜜蜂 & Co", 'quote" onload="x', "$x_1$", "</script>")


def results(names=NAMES) -> Results:
    rng = np.random.default_rng(0)
    confusion = rng.integers(0, 9, (len(names), len(names))).astype(float)
    line = (np.array([0.1, 0.5, 1.0]), np.array([0.2, np.nan, 0.9]))
    return Results(
        41,
        {"hits_rate": Interval(0.875, 0.8, 0.93), "loss": Interval(3.5, 3.0, 4.25), "odd": Interval(*[np.nan] * 3)},
        {n: {"precision": 0.25 * (i % 5), "support": float(9 - i % 7), "roc_auc": np.nan} for i, n in enumerate(names)},
        (
            Matrix("Mix-ups", confusion, names),
            Lines(
                "Reliable <i>", "predicted", "was", {names[0]: line, names[1]: line}, diagonal=True, note="a < b & c"
            ),
            Table("Pairs <u>", ("who", "how many"), [(names[0], 12), (names[1], 3)]),
            Table("Empty", ("who",), []),
        ),
        [Mistake(0, 0.9, "x")] * 40,
        better={"loss": "less"},
    )


@pytest.fixture
def content() -> Content:
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    return Content(
        title="runs/<em>bees</em>",
        task="anything",
        results=results(),
        headline="hits_rate",
        facts=[("data", "/data/a&b"), ("seed", "0")],
        history=[
            {"epoch": e, "train_loss": 1 / e, "val_loss": 1.2 / e, "hits_rate": 1 - 1 / (e + 1), "lr": 1e-4 / e}
            for e in range(1, 6)
        ],
        examples=[CaptionedImage(image, f"truth {NAMES[0]}, predicted {NAMES[1]} 0.97", "a/<b>.jpg")] * 3,
        findings=[Finding("problem", "Platelets <b>: 0 of 25 found"), Finding("note", "Epoch 0 was kept.")],
        batch=[CaptionedImage(image, "a class")] * 2,
        config={"seed": 3, "optim": {"lr": 0.001, "betas": [0.9, 0.999], "plan": {"kind": "cosine", "on": True}}},
        class_counts={"train": {n: 10 + i for i, n in enumerate(NAMES)}, "val": dict.fromkeys(NAMES[1:], 2)},
        next_steps=[Step("Ship it", "foveal export 'a b' && echo <done>")],
    )


@pytest.fixture
def make_results() -> Callable[..., Results]:
    return results


@dataclass(frozen=True)
class Svg:
    """A figure of the page; fails where it is not well-formed XML."""

    root: Element

    def all(self, tag: str) -> list[Element]:
        return list(self.root.iter(tag))

    def texts(self, parent: Element | None = None) -> list[str]:
        return [node.text or "" for node in (self.root if parent is None else parent).iter("text")]

    def tips(self) -> dict[str, list[Element]]:
        """What lies under each tooltip."""
        return {g.findtext("title", ""): [n for n in g if n.tag != "title"] for g in self.root.iter("g")}

    def points(self, path: Element) -> list[tuple[float, float]]:
        numbers = [float(n) for n in path.attrib["d"].strip("Mz").split()]
        return list(zip(numbers[::2], numbers[1::2], strict=True))

    def attributes(self) -> Iterator[tuple[str, str]]:
        return (pair for node in self.root.iter() for pair in node.attrib.items())


@pytest.fixture
def read_svg() -> Callable[[str], Svg]:
    return lambda text: Svg(fromstring(text))
