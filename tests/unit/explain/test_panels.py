"""What is drawn on an image beside the evidence."""

from dataclasses import replace

import numpy as np
from tests.unit.explain.scenes import redness, scene

from foveal.explain.explain import explain_image
from foveal.explain.panels import evidence_on
from foveal.types.predictions.subject import Asked, Subject
from foveal.types.rle import Rle

CYAN = (80, 220, 255)


def test_an_object_is_marked_by_its_mask_and_without_one_by_its_box():
    image = scene(96, 96, (40, 40, 60, 60))
    (one,) = explain_image(redness(), image, asked=Asked(("red",)), method="cells")
    mask = np.zeros((96, 96), bool)
    mask[44:56, 40:60] = True
    boxed = Subject("object", "red", 0, 0.9, number=1, box=(40, 40, 60, 60))
    for subject, rows in (
        (boxed, 20),
        (replace(boxed, mask=Rle.of(mask)), 13),
        (replace(boxed, mask=Rle.of(mask & False)), 20),
    ):
        drawn = evidence_on(image, replace(one, subject=subject), scale=1.0)
        marked = np.argwhere((drawn == CYAN).all(-1))
        assert abs(np.ptp(marked[:, 0]) + 1 - rows) <= 1, subject
