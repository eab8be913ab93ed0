"""The input's proportions where nothing is asked for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.scenes import UNKNOWN, write_coco, write_masks, write_squares

from foveal.config.schema import parse_config
from foveal.data.formats.read import read
from foveal.runs.resolve import choose_aspect, resolve
from foveal.tasks.contract import Situation
from foveal.tasks.table import get_spec
from foveal.types.size import Size

LYING, STANDING, LONG = (640, 480), (480, 640), (1280, 720)


@pytest.mark.parametrize(
    ("sizes", "aspect"),
    [
        ([LYING] * 10, 4 / 3),
        ([STANDING] * 10, 3 / 4),
        ([LONG] * 8 + [LYING] * 2, 16 / 9),
        ([LYING] * 19 + [STANDING], 4 / 3),
        ([LYING] * 8 + [STANDING] * 2, 1.0),
        ([(64, 64)] * 10, 1.0),
    ],
)
def test_the_median_aspect_where_it_suits_nine_of_ten(sizes: list[tuple[int, int]], aspect: float) -> None:
    assert choose_aspect(np.array(sizes)) == pytest.approx(aspect)


def test_boxes_and_masks_take_the_data_s_proportions_and_labels_a_square(tmp_path: Path) -> None:
    data = {"labels": write_squares, "boxes": write_coco, "masks": write_masks}
    found = {}
    for name, write in data.items():
        catalog = read(write(tmp_path / name), ignore=(UNKNOWN,) if name == "masks" else ())
        train = catalog.split("train") if catalog.has("train") else catalog
        config = parse_config({"model": {"backbone": "conv5", "weights": "none"}}, where="test")
        chosen = resolve(config, train).config.input
        found[name] = chosen.size, chosen.eval_size
    # Images of 96 x 72 pixels with boxes and masks, of 32 x 32 with labels.
    assert found["boxes"] == (Size(480, 352), Size(480, 352))
    assert found["masks"] == (Size.square(64), Size.square(96)), "the nearest multiples of 32"
    assert found["labels"][0].is_square and found["labels"][1].is_square


def test_large_images_with_masks() -> None:
    situation = Situation(367, side_px=360, from_scratch=False, small=False, aspect=4 / 3)
    choice = get_spec("segment").choose(situation)
    assert (choice.size, choice.eval_size) == (Size(384, 288), Size(544, 416))
    given = replace(situation, eval_size=Size(480, 352))
    assert get_spec("segment").choose(given).size == get_spec("detect").choose(given).size == Size(480, 352)
    assert get_spec("classify").choose(situation).eval_size == Size.square(224)


def test_what_pretrained_weights_change() -> None:
    pretrained = Situation(205, side_px=480, from_scratch=False, small=False, aspect=4 / 3)
    scratch = replace(pretrained, from_scratch=True)
    boxes, masks = get_spec("detect"), get_spec("segment")
    assert [boxes.choose(each).freeze_stride for each in (pretrained, scratch)] == [4, 0]
    assert [get_spec("instance").choose(each).freeze_stride for each in (pretrained, scratch)] == [4, 0]
    assert masks.choose(pretrained).freeze_stride == get_spec("classify").choose(pretrained).freeze_stride == 0
    assert [boxes.choose(each).epochs for each in (pretrained, scratch)] == [24, 60]
    for spec in (boxes, masks):
        sizes = [spec.choose(each).batch_size for each in (pretrained, scratch)]
        assert sizes == [4, 8], "batch norm learns from scratch"
        assert spec.choose(replace(pretrained, num_images=3)).batch_size == 3


@pytest.mark.parametrize(("given", "frozen"), [({}, 3), ({"freeze": 0}, 0), ({"freeze": "backbone"}, "backbone")])
def test_a_frozen_part_that_is_asked_for(tmp_path: Path, given: dict[str, object], frozen: object) -> None:
    train = read(write_coco(tmp_path / "boxes")).split("train")
    assert resolve(parse_config({"optim": given}, where="test"), train).config.optim.freeze == frozen
