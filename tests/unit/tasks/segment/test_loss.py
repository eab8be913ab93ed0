import torch

from foveal.losses import pixels
from foveal.tasks.segment.config import SegmentConfig
from foveal.tasks.segment.loss import SegmentLoss
from foveal.types.predictions.masks import IGNORE


def test_pixels_near_another_class_weigh_more():
    logits = torch.randn(1, 3, 20, 20, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, 20, 20, dtype=torch.uint8)
    mask[:, :, 12:] = 2
    mask[:, :4] = IGNORE
    ids, known = mask.long(), mask != IGNORE
    near = known & (torch.arange(20) >= 9) & (torch.arange(20) < 15)
    each = torch.nn.functional.cross_entropy(logits, ids, reduction="none", ignore_index=IGNORE)
    own = SegmentConfig(boundary_weight=2.0)
    found = SegmentLoss(own)({"logits": logits}, {"mask": mask})
    want = (each[known].sum() + 2 * each[near].sum()) / (known.sum() + 2 * near.sum())
    torch.testing.assert_close(found["cross_entropy"], want)
    torch.testing.assert_close(found["dice"], pixels.dice(logits, ids))
