"""What is measured of explanations, on a model whose evidence is known: it finds squares by their colour."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from foveal.artifact.card import Card
from foveal.errors import ConfigError, DataError
from foveal.explain.case import Effort
from foveal.explain.evidence import Evidence
from foveal.explain.quality.insertion import ordered
from foveal.explain.quality.measured import difference, share
from foveal.explain.quality.mosaic import mosaics, play
from foveal.explain.quality.places import placed
from foveal.explain.quality.sample import Sample
from foveal.explain.quality.sanity import correlation
from foveal.inference.backends.contract import EVIDENCE
from foveal.inference.predictor import Predictor, Prepared
from foveal.runs.explain.quality import explain_quality
from foveal.types.arrays import RGB, Array
from foveal.types.geometry import Geometry
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.subject import Subject

COLOURS = {"red": (230, 20, 20), "green": (20, 230, 20), "blue": (20, 20, 230)}
SIDE, CELLS = 64, 16


class Colours:
    """A class per colour, scored by its share of the image; cell scores say where it is."""

    device_name = "cpu"

    def __init__(self) -> None:
        spec = InputSpec.model_validate({"size": SIDE, "train_size": SIDE, "fit": "squash"})
        empty: dict[str, object] = {"model": {}, "own": {}, "decode": {}}
        self.card = Card.model_validate(
            {"task": "classify", "classes": {"names": list(COLOURS)}, "input": spec, **empty}
        )

    def run(self, images: RGB) -> dict[str, Array]:
        values = images.astype(np.float32) / 255
        strong = (2 * values - values.sum(-1, keepdims=True)).clip(0)  # (B, S, S, 3): more than both others
        exponents = np.exp(40 * strong.mean((1, 2)))
        cell = SIDE // CELLS
        cells = strong.reshape(len(images), CELLS, cell, CELLS, cell, 3).mean((2, 4)).transpose(0, 3, 1, 2)
        return {"scores": exponents / exponents.sum(1, keepdims=True), EVIDENCE: cells}


@pytest.fixture(scope="module")
def squares_of_colour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("colours"), np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (folder / name).mkdir()
        for i in range(8):
            image = np.full((SIDE, SIDE, 3), 110, np.uint8)
            y, x = rng.integers(0, SIDE - 24, 2)
            image[y : y + 24, x : x + 24] = colour
            Image.fromarray(image).save(folder / name / f"{i}.png")
    return folder


def test_evidence_that_is_right_is_measured_as_right(squares_of_colour: Path) -> None:
    done = explain_quality(Predictor(Colours()), squares_of_colour, count=24)
    assert (done.method, done.quality.images, done.quality.mosaics, done.quality.passed) == ("cells", 24, 6, None)
    measures = done.quality.measures
    for name in ("grid_energy", "grid_pointing"):
        assert measures[name].value > 0.95 and measures[name].high <= 1
        assert measures[name].beside["chance"] == pytest.approx(1 / 3)  # three classes: one has two cells of four
    for fill in ("blur", "mean"):
        for name in ("insertion", "deletion"):
            gain = measures[f"{name}_{fill}"].gain
            assert gain is not None and 0 < gain.low < gain.value < gain.high
    assert "no weights to shuffle" in done.quality.left_out["sanity"]
    assert "where its classes are" in done.quality.left_out["pointing"]


def test_the_same_seed_gives_the_same_numbers(squares_of_colour: Path) -> None:
    predictor = Predictor(Colours())
    first, second = (explain_quality(predictor, squares_of_colour, count=8).to_dict() for _ in range(2))
    other = explain_quality(predictor, squares_of_colour, count=8, effort=Effort(seed=1)).to_dict()
    assert first == second != other


def test_too_little_to_measure_is_refused(squares_of_colour: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--count 3 is too few"):
        explain_quality(Predictor(Colours()), squares_of_colour, count=3)
    for name, colour in zip(COLOURS, [*list(COLOURS.values())[1:], (230, 20, 20)], strict=True):  # every label is wrong
        (tmp_path / name).mkdir()
        Image.new("RGB", (SIDE, SIDE), colour).save(tmp_path / name / "a.png")
    with pytest.raises(DataError, match="of 3 images the model is right on 0"):
        explain_quality(Predictor(Colours()), tmp_path, count=8)


def sample(index: int, label: int, *others: int, shade: int = 0) -> Sample:
    pixels = np.full((SIDE, SIDE, 3), shade or 10 * (label + 1), np.uint8)
    prepared = Prepared(pixels, Geometry((SIDE, SIDE), (SIDE, SIDE), (1.0, 1.0)))
    subject = Subject("class", f"c{label}", label, 0.9)
    return Sample(index, prepared, frozenset({label, *others}), (subject,), (None,))


def test_a_mosaic_has_each_class_where_its_image_is() -> None:
    found = mosaics([sample(i, i % 5) for i in range(20)], seed=0)
    assert len(found) == 5  # each image in one
    for one in found:
        assert len({s.label for s in one.subjects}) == 4
        assert np.sum(one.regions, 0).tolist() == np.ones((SIDE, SIDE)).tolist()
        for subject, region in zip(one.subjects, one.regions, strict=True):
            assert region.mean() == 0.25
            assert set(one.prepared.pixels[region].ravel().tolist()) == {10 * (subject.label + 1)}
    assert len({tuple(s.label for s in one.subjects) for one in found}) > 1  # the places are drawn


def test_two_classes_share_a_mosaic_and_images_of_both_are_in_none() -> None:
    both = [sample(9, 0, 1), sample(10, 1, 0)]
    (one,) = mosaics([*both, *(sample(i, i % 2) for i in range(4))], seed=0)
    assert [region.mean() for region in one.regions] == [0.5, 0.5]
    assert mosaics([sample(i, 0) for i in range(8)], seed=0) == []
    assert mosaics(both * 2, seed=0) == []


def test_evidence_in_the_wrong_image_is_measured_as_wrong() -> None:
    class Backwards(Colours):
        def run(self, images: RGB) -> dict[str, Array]:
            outputs = super().run(images)
            return {**outputs, EVIDENCE: outputs[EVIDENCE][:, [1, 2, 0]]}

    shades = [(i, i % 3) for i in range(12)]
    samples = [sample(i, label) for i, label in shades]
    for one, (_, label) in zip(samples, shades, strict=True):
        one.prepared.pixels[...] = list(COLOURS.values())[label]
    right, wrong = (
        play(Predictor(backend), mosaics(samples, seed=0), "cells", Effort()).measures(0)
        for backend in (Colours(), Backwards())
    )
    assert right["grid_pointing"].value == 1 and wrong["grid_pointing"].value == 0
    assert right["grid_energy"].value > 0.9 and wrong["grid_energy"].value < 0.1


def evidence(grid: np.ndarray, size: tuple[int, int] = (40, 20)) -> Evidence:
    rows, columns = grid.shape
    geometry = Geometry(size, (columns, rows), (columns / size[0], rows / size[1]))
    return Evidence(Subject("class", "a", 0, 1.0), "cells", grid, geometry)


def test_energy_and_pointing_of_a_worked_case() -> None:
    grid = np.array([[3.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, -5.0]], np.float32)
    region = np.zeros((20, 40), bool)
    region[:10, :10] = True
    one = placed(evidence(grid), region)
    assert one.hit and not one.centre and one.found
    assert (one.area, one.box_area) == (0.125, 0.125)
    values = evidence(grid).at((40, 20)).clip(0)
    assert one.energy == pytest.approx(values[:10, :10].sum() / values.sum(), abs=1e-6)
    assert placed(evidence(grid), ~region).hit is False
    nothing = placed(evidence(np.full((2, 4), -1, np.float32)), region)
    assert (nothing.hit, nothing.energy, nothing.found) == (False, 0.0, False)


def test_an_order_follows_the_map_and_ties_are_random() -> None:
    grid = np.zeros((4, 4), np.float32)
    grid[1, 2] = 1
    rng = np.random.default_rng(0)
    places = ordered(grid, (16, 16), (16, 16), rng)
    assert sorted(np.round(places.ravel() * 256).astype(int).tolist()) == list(range(256))
    first = places < 4 / 256
    assert first[4:8, 8:12].sum() == 4
    zero = np.asarray(Image.fromarray(grid).resize((16, 16), Image.Resampling.BILINEAR)) == 0
    assert abs(np.corrcoef(places[zero], np.arange(zero.sum()))[0, 1]) < 0.3


def test_intervals_hold_the_value_and_widen_with_fewer_units() -> None:
    values = [0.9, 0.8, 1.0, 0.7] * 5
    alone = share(values, range(20), seed=0, beside={"chance": [0.25] * 20})
    together = share(values, [i // 5 for i in range(20)], seed=0)
    assert alone.value == pytest.approx(0.85) and alone.beside == {"chance": 0.25}
    assert alone.low < alone.value < alone.high <= 1
    assert together.high - together.low > alone.high - alone.low
    gain = difference([-0.1, -0.2, 0.1, -0.3], range(4), seed=0)
    assert gain.low < gain.value < gain.high and gain.value == pytest.approx(-0.125)


def test_maps_are_compared_where_either_is_used() -> None:
    rng = np.random.default_rng(0)
    a, b = np.zeros((20, 20)), np.zeros((20, 20))
    a[:5, :5], b[:5, :5] = rng.random((5, 5)), rng.random((5, 5))
    assert abs(correlation(a, b)) < 0.5  # over all places the zeros would agree
    assert correlation(a, a) == pytest.approx(1)
    assert correlation(np.ones((3, 3)), np.full((3, 3), 2.0)) == 1
    assert correlation(np.ones((3, 3)), rng.random((3, 3))) == 0
