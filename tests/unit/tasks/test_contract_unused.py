"""``TaskSpec.unused``: each task reads every augmentation that it does not list there, and no other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.scenes import write_coco, write_masks, write_squares

from foveal.data.config import AugmentConfig
from foveal.data.formats.read import read
from foveal.imaging.decode import decode
from foveal.tasks.table import TASKS, bind_task, get_spec
from foveal.types.input_spec import InputSpec

ALL_ON: dict[str, Any] = {
    "crop_scale": 0.5,
    "vertical_flip": 0.5,
    "rotation_deg": 10.0,
    "zoom_out": 2.0,
    "brightness": 0.1,
    "contrast": 0.1,
    "saturation": 0.1,
    "hue": 0.1,
    "policy": "rand",
    "erasing": 0.5,
    "mixup": 0.2,
    "cutmix": 0.2,
    "scale_jitter": 1.5,
    "mosaic": 0.5,
    "box_mixup": 0.5,
    "rare_crops": 0.5,
    "copy_paste": 0.5,
}
BY_THE_RUN = {"mix_until"}
"""What ``config.phases`` reads for all tasks."""
WRITERS = {"labels": write_squares, "boxes": write_coco, "masks": write_masks}
READ: set[str] = set()


class Watched(AugmentConfig):
    """Notes which of its fields are read."""

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_"):
            READ.add(name)
        return super().__getattribute__(name)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_reads_all_that_it_does_not_list_as_unused(name: str, tmp_path: Path) -> None:
    spec = get_spec(name)
    write: Callable[[Path], object] = WRITERS[spec.annotations[0]]
    write(tmp_path / "data")
    ignore = (9,) if spec.annotations[0] == "masks" else ()
    catalog = read(tmp_path / "data", annotations=spec.annotations, ignore=ignore).take(range(8))
    own = spec.settings()
    task = bind_task(name, own, spec.begin(own, catalog))
    unused = {key.partition(".")[2] for key in spec.unused}
    config = Watched(**{key: value for key, value in ALL_ON.items() if key not in unused})
    augment = task.augment(config, InputSpec(size=64, train_size=64))
    READ.clear()
    for seed in range(6):
        torch.manual_seed(seed)
        places = range(1 + augment.draw_companions())
        pixels = (decode(catalog.path(i).read_bytes(), name="x").pixels.copy() for i in places)
        _, target = augment.sample(catalog, list(places), pixels)
        images = torch.zeros(2, 3, 64, 64)
        task.mix(config, images, {key: torch.stack([value, value]) for key, value in target.items()})
    assert READ & set(AugmentConfig.model_fields) == set(AugmentConfig.model_fields) - unused - BY_THE_RUN
