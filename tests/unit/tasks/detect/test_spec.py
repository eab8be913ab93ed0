"""What a detector learns from its training images before the first step."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from foveal.data.formats.read import read
from foveal.tasks.detect.config import DetectConfig
from foveal.tasks.detect.spec import learn_limits
from foveal.tasks.instance.config import InstanceConfig


def test_limits_leave_room_above_the_training_images(tmp_path: Path) -> None:
    boxes = [{"id": i + 1, "image_id": 1, "category_id": 1, "bbox": [i, 0, 2, 2], "area": 4} for i in range(144)]
    boxes += [{**boxes[0], "id": 200 + i, "iscrowd": 1} for i in range(50)]
    Image.new("RGB", (200, 8)).save(tmp_path / "1.png")
    image = {"id": 1, "file_name": "1.png", "width": 200, "height": 8}
    document = {"images": [image], "annotations": boxes, "categories": [{"id": 1, "name": "cell"}]}
    (tmp_path / "instances.json").write_text(json.dumps(document))
    catalog = read(tmp_path)
    learnt = learn_limits(DetectConfig(), catalog)
    assert (learnt.own.max_objects, learnt.own.candidates) == (216, 648)
    assert learnt.notes == ("Up to 144 objects in a training image; the model detects up to 216 (max_objects).",)
    given = learn_limits(DetectConfig(max_objects=50, candidates=70), catalog)
    assert (given.own.max_objects, given.own.candidates) == (50, 70)
    assert given.notes == ("A training image has 144 objects, more than max_objects 50 allows to detect.",)
    few = learn_limits(InstanceConfig(), catalog.take(np.array([], np.int64)))
    assert (few.own.max_objects, few.own.candidates, few.own.num_proposals, few.notes) == (100, 500, 100, ())
