"""What is read off a map: its peak in the image's own pixels, its half, whether there is any evidence at all."""

from pathlib import Path

import numpy as np
import pytest
from tests.unit.explain.scenes import redness, scene, write_rotated

from foveal.explain.contract import Explanation, scale_key, scales_of
from foveal.explain.evidence import Evidence, half
from foveal.explain.explain import explain_image
from foveal.explain.panels import evidence_on, fitted
from foveal.types.geometry import Geometry
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.subject import Asked, Subject

BEES = Subject("class", "bees", 1, 0.9)
WHOLE = Geometry((70, 70), (70, 70), (1.0, 1.0))


def evidence(grid, geometry=WHOLE, subject=BEES, method="cam"):
    return Evidence(subject, method, np.asarray(grid, float), geometry)


def red(box, width, height, fit="letterbox"):
    found = explain_image(redness(fit), scene(width, height, box), asked=Asked(("red",)), method="cells")
    return found[0]


@pytest.mark.parametrize("fit", ["letterbox", "squash", "crop"])
@pytest.mark.parametrize("size", [(64, 64), (300, 200), (200, 300), (1000, 800)])
def test_the_peak_is_in_the_pixels_of_the_image(size: tuple[int, int], fit: str) -> None:
    width, height = size
    box = (width * 4 // 10, height * 4 // 10, width * 6 // 10, height * 6 // 10)
    found = red(box, width, height, fit)
    x, y = found.peak
    assert box[0] <= x < box[2] and box[1] <= y < box[3]
    x1, y1, x2, y2 = found.box_of_half
    slack = 2 * max(width, height) / 16
    assert box[0] - slack < x1 < x2 < box[2] + slack and box[1] - slack < y1 < y2 < box[3] + slack


@pytest.mark.parametrize("size", [(640, 64), (64, 640)])
def test_ten_to_one(size: tuple[int, int]) -> None:
    """Letterboxed to fewer rows than a cell has: the border's evidence is not the image's."""
    width, height = size
    box = (width * 3 // 4, height * 3 // 4, width, height)
    x, y = red(box, width, height).peak
    assert box[0] <= x + width / 16 and box[1] <= y + height / 16 and x < width and y < height


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_rotated_files_are_explained_as_displayed(tmp_path: Path, orientation: int) -> None:
    image = scene(320, 200, (200, 120, 280, 180))
    path = write_rotated(tmp_path / "a.jpg", image, orientation)
    found = explain_image(redness(), path, asked=Asked(("red",)), method="cells")
    assert found.size == (320, 200) and found[0].array.shape == (200, 320)
    x, y = found[0].peak
    assert 200 <= x < 280 and 120 <= y < 180


def test_a_pixel_and_a_constant_image_have_no_evidence() -> None:
    for image in (scene(1, 1, (0, 0, 1, 1)), scene(50, 50, None)):
        found = explain_image(redness("squash"), image, asked=Asked(("red",)), method="cells")[0]
        assert not found.found and found.peak is None and found.box_of_half is None
        assert found.array.shape == image.shape[:2] and np.isfinite(found.array).all()
        assert (evidence_on(fitted(image), found, scale=1.0) == fitted(image)).all()


def test_a_class_that_every_place_speaks_against_has_no_evidence() -> None:
    against = evidence(-np.arange(1.0, 10).reshape(3, 3))
    assert not against.found and against.peak is None and against.positive == 0
    image = scene(70, 70, (1, 1, 30, 30))
    assert (evidence_on(image, against, scale=1.0) == image).all()
    assert "no evidence" in repr(Explanation((against,), (70, 70), "cam", None))


def test_compared_with_a_rival_what_is_negative_is_evidence_too() -> None:
    subject = Subject("class", "bees", 1, 0.9, against=0, rival="ants")
    assert evidence(-np.arange(1.0, 10).reshape(3, 3), subject=subject).found


def test_total_is_the_mean_and_positive_the_part_that_speaks_for_it() -> None:
    found = evidence([[3.0, -1.0], [0.0, 2.0]])
    assert found.total == 1.0 and found.positive == pytest.approx(5 / 6) and found.highest == 3.0


def test_half_is_the_fewest_places_with_half_of_what_is_positive() -> None:
    values = np.array([[5, 1, -9], [1, 2, 1]], np.float32)
    assert half(values).tolist() == [[True, False, False], [False, False, False]]
    assert half(np.ones((2, 2), np.float32)).sum() == 2
    assert not half(-np.ones((2, 2), np.float32)).any()


def test_outside_the_crop_nothing_is_claimed() -> None:
    spec = InputSpec(size=70, train_size=70, fit="crop", crop_fraction=0.5)
    found = evidence(np.arange(49.0).reshape(7, 7), spec.geometry(100, 100))
    assert found.seen == (25, 25, 75, 75)
    array = found.array
    assert array.shape == (100, 100) and not array[:25].any() and not array[:, 75:].any() and array[60, 60] > 0
    assert found.peak == (73, 73) or np.allclose(found.peak, (71, 71), atol=4)


def test_evidence_in_the_border_is_counted_apart() -> None:
    geometry = InputSpec(size=64, train_size=64, fit="letterbox").geometry(100, 50)
    grid = np.zeros((4, 4))
    grid[0] = 1.0  # wholly in the border above
    grid[1, 2] = 4.0
    found = evidence(grid, geometry)
    assert found.outside == pytest.approx(0.5)
    x, y = found.peak
    assert 50 <= x < 75 and y < 25


def test_one_scale_for_a_class_over_all_images() -> None:
    strong, weak = evidence([[40.0, 1], [1, 1]]), evidence([[2.0, 0], [0, 0]])
    found = [Explanation((one,), (70, 70), "cam", None) for one in (strong, weak)]
    scales = scales_of(found)
    assert scales == {scale_key(strong): 40.0}
    assert scales_of([Explanation((evidence([[0.2, 0], [0, 0]]),), (70, 70), "cam", None)]) == {scale_key(weak): 5.0}
    image = np.full((70, 70, 3), 128, np.uint8)

    def change(one, scale):
        return np.abs(evidence_on(image, one, scale=scale).astype(int) - 128)[:30, :30].mean()

    assert change(weak, 40.0) < change(weak, 2.0)


def test_one_line() -> None:
    found = evidence([[3.0, 0], [0, 1]])
    assert repr(found) == "Evidence(bees 90.0%, cam 2 x 2, total 1, peak (0, 0))"
    many = Explanation((found,) * 40, (640, 480), "cam", None)
    assert repr(many).startswith("Explanation(cam: bees 90.0%, bees 90.0%") and len(repr(many)) < 200
    assert repr(many).endswith("more; 640 x 480 px)")
