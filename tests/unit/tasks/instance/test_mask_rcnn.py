"""Mask R-CNN: learns by heart, exports, leaves alone what is not evaluated, and shapes from one end to the other."""

import io
import warnings
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image, ImageDraw
from torch import nn

from foveal.data.augment.boxes import BoxAugment
from foveal.data.augment.mask_targets import Grid
from foveal.data.config import AugmentConfig
from foveal.data.formats.read import read
from foveal.models.config import ModelConfig
from foveal.tasks.instance.config import InstanceConfig
from foveal.tasks.instance.mask_rcnn import MaskRcnn
from foveal.tasks.instance.spec import SPEC
from foveal.tasks.instance.task import Instance
from foveal.types.categories import Categories
from foveal.types.flags import Flag
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.masks import InstanceTruth
from foveal.types.rle import Rle
from foveal.types.size import Size

CATS = Categories(("triangle", "ring"))
SIDE, STRIDE = 96, 4
SMALL = {
    "architecture": "mask_rcnn", "channels": 32, "mask_channels": 32, "head_depth": 1, "extra_levels": 0,
    "anchor_scale": 3.0, "proposals": 24, "proposal_samples": 32, "box_features": 64, "mask_stride": STRIDE,
}  # fmt: skip


def config(**changes):
    return InstanceConfig.model_validate({**SMALL, **changes})


def task(own=None, categories=CATS):
    own = own or config()
    return Instance(own, SPEC.begin(own, SimpleNamespace(categories=categories)))


def build(own=None):
    torch.manual_seed(0)
    model = task(own).build(ModelConfig(backbone="conv5", weights="none"), pretrained=False)
    assert isinstance(model, MaskRcnn)
    return model


def scenes():
    """Two images (2, 3, SIDE, SIDE) of triangles and rings on noise, their truths and what they teach."""
    generator = np.random.default_rng(0)
    drawn = [
        [(0, (6, 8, 40, 42)), (1, (50, 46, 90, 86))],
        [(1, (4, 52, 36, 84)), (0, (48, 6, 88, 46)), (0, (56, 56, 88, 88))],
    ]
    images = generator.normal(0, 0.3, (2, 3, SIDE, SIDE)).astype(np.float32)
    truths, boxes, labels, masks = [], np.full((2, 3, 4), -1.0), np.full((2, 3), -1), np.zeros((2, 3, SIDE, SIDE))
    for i, things in enumerate(drawn):
        for j, (label, (x1, y1, x2, y2)) in enumerate(things):
            stencil = Image.new("1", (SIDE, SIDE))
            pen = ImageDraw.Draw(stencil)
            if label == 0:
                pen.polygon([(x1, y1), (x2 - 1, y1), (x1, y2 - 1)], fill=1)
            else:
                pen.ellipse((x1, y1, x2 - 1, y2 - 1), fill=1)
                pen.ellipse((x1 + 11, y1 + 11, x2 - 12, y2 - 12), fill=0)
            masks[i, j] = np.asarray(stencil)
            images[i, label] += 2 * masks[i, j]
            boxes[i, j], labels[i, j] = (x1, y1, x2, y2), label
        there = labels[i] >= 0
        areas, shapes = masks[i, there].sum((1, 2)), tuple(Rle.of(m) for m in masks[i, there])
        flags = np.zeros(len(shapes), np.uint8)
        truths.append(InstanceTruth(boxes[i, there], labels[i, there].astype(np.int32), flags, areas, shapes))
    targets = {
        "boxes": torch.from_numpy(boxes).float(),
        "labels": torch.from_numpy(labels),
        "flags": torch.zeros(2, 3, dtype=torch.long),
        "masks": (nn.functional.avg_pool2d(torch.from_numpy(masks), STRIDE) >= 0.5).byte(),
    }
    return torch.from_numpy(images), truths, targets


class Activated(nn.Module):
    """Network and activation, as an export has them."""

    def __init__(self, model):
        super().__init__()
        self.model, self.task = model, task(model.own)

    def forward(self, inputs):
        return self.task.activate(self.model(inputs))


@pytest.fixture(scope="module")
def learnt():
    """A network that knows the two scenes by heart, and the sum of its losses at each step."""
    torch.set_num_threads(1)
    model, (images, _, targets) = build().train(), scenes()
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3)
    sums = []
    for _ in range(130):
        optimiser.zero_grad()
        loss = torch.stack(list(model.losses(model(images), targets).values())).sum()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimiser.step()
        sums.append(float(loss.detach()))
    return model.eval(), sums


@pytest.mark.slow
def test_two_scenes_are_overfitted(learnt):
    model, sums = learnt
    assert np.mean(sums[-10:]) < 0.25 * sums[0]
    images, truths, _ = scenes()
    network = Activated(model)
    with torch.inference_mode():
        arrays = {k: v.numpy() for k, v in network(images).items()}
    spec = InputSpec(size=SIDE, train_size=SIDE, fit="letterbox")
    output = network.task.output
    metric = output.metric()
    for truth, prediction in zip(truths, output.assemble(arrays, [spec.geometry(SIDE, SIDE)] * 2), strict=True):
        metric.update(truth, prediction)
    metrics = metric.compute(num_resamples=0).metrics
    assert metrics["mask_AP50"].value >= 0.9 and metrics["AP50"].value >= 0.9


@pytest.mark.slow
def test_the_export_agrees_in_batches_of_two_sizes(learnt):
    model, _ = learnt
    images = torch.cat([scenes()[0], scenes()[0].flip(3), torch.zeros(1, 3, SIDE, SIDE)])
    network = Activated(model).eval()
    with torch.inference_mode():
        names = list(network(images[:2]))
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network, (images[:2],), dynamo=True, opset_version=18, input_names=["inputs"], output_names=names,
            dynamic_shapes={"inputs": {0: torch.export.Dim("batch")}}, verbose=False,
        )  # fmt: skip
    onnx.save_model(program.model_proto, buffer)
    session = onnxruntime.InferenceSession(buffer.getvalue(), providers=["CPUExecutionProvider"])
    for batch in (images[:1], images):
        with torch.inference_mode():
            ours = network(batch)
        theirs = dict(zip(names, session.run(None, {"inputs": batch.numpy()}), strict=True))
        assert theirs["masks"].shape == (len(batch), 24, 28, 28)
        assert np.array_equal(ours["labels"], theirs["labels"])
        for name, most in (("boxes", 1e-2), ("scores", 1e-4), ("masks", 1e-3)):
            np.testing.assert_allclose(ours[name], theirs[name], atol=most)


def test_activation_reads_scores_of_the_labels():
    raw = {
        "logits": torch.tensor([[[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]]]),
        "labels": torch.tensor([[1, 0]]),
        "boxes": torch.arange(8.0).view(1, 2, 4),
        "masks": torch.zeros(1, 2, 28, 28),
    }
    given = task()
    assert given.output.options.mask_form == "boxes"
    assert task(config(architecture="prototypes")).output.options.mask_form == "prototypes"
    out = given.activate(raw)
    np.testing.assert_allclose(
        out["scores"][0], [np.exp(2) / (np.exp(1) + np.exp(2) + 1), 1 / (2 + np.exp(3))], rtol=1e-6
    )
    assert out["masks"].unique().tolist() == [0.5] and out["boxes"].equal(raw["boxes"])
    assert set(given.evidence(raw)) == {"boxes", "scores", "labels"}, "what is kept of every image is small"


@pytest.mark.parametrize("flag", [Flag.CROWD, Flag.DIFFICULT, Flag.IGNORE])
def test_an_ignored_region_gives_no_gradient(flag):
    """A crowd over the whole image teaches nothing; one over its left half nothing there."""
    model, (images, _, _) = build().train(), scenes()
    outputs = {name: value.detach() for name, value in model(images[:1]).items()}
    learnt = ["objectness", "offsets", *(name for name in outputs if name.startswith("map_"))]

    def gradients(box, flag):
        for name in learnt:
            outputs[name] = outputs[name].detach().requires_grad_()
        model.zero_grad()
        wanted = {
            "boxes": torch.tensor([[box]]),
            "labels": torch.ones(1, 1).long(),
            "flags": torch.tensor([[int(flag)]]),
            "masks": torch.ones(1, 1, SIDE // STRIDE, SIDE // STRIDE).byte(),
        }
        torch.stack(list(model.losses(outputs, wanted).values())).sum().backward()
        return {name: outputs[name].grad for name in learnt}

    whole = gradients([0.0, 0.0, SIDE, SIDE], flag)
    assert all(grad is None or not grad.any() for grad in whole.values())
    assert not any(p.grad.any() for p in model.second.parameters()), "the second stage learns nothing either"
    plain = gradients([0.0, 0.0, SIDE, SIDE], Flag(0))
    assert all(plain[name].any() for name in ("objectness", "offsets", "map_8"))
    half = gradients([0.0, 0.0, SIDE / 2, SIDE], flag)["objectness"][0] != 0
    centre = (outputs["anchors"][0, :, 0] + outputs["anchors"][0, :, 2]) / 2
    assert not half[centre < SIDE / 2].any() and half[centre > SIDE / 2 + 24].any()


def test_no_box_is_learnt_from_inside_a_region():
    model, (_, _, targets) = build(config(proposal_samples=200)), scenes()
    grid = torch.cartesian_prod(torch.arange(0, 90, 6.0), torch.arange(0, 90, 6.0))
    proposals = torch.cat([grid, grid + 6], 1)[None].expand(2, -1, -1)
    crowd = {**targets, "flags": torch.tensor([[int(Flag.CROWD), 0, 0], [0, 0, 0]])}
    samples = model.criterion.sample(proposals, crowd)
    x1, y1, x2, y2 = crowd["boxes"][0, 0].tolist()
    middle = (samples.boxes[:, :2] + samples.boxes[:, 2:]) / 2
    inside = (middle[:, 0] > x1) & (middle[:, 0] < x2) & (middle[:, 1] > y1) & (middle[:, 1] < y2)
    assert not (inside & (samples.image == 0)).any() and (inside & (samples.image == 1)).any()
    kept = torch.stack([samples.image, samples.owner], 1)[samples.owner >= 0].tolist()
    assert sorted(kept) == [[0, 1], [1, 0], [1, 1], [1, 2]], "each evaluated object's own box, and no small one"


def test_a_quarter_of_the_samples_may_have_objects():
    model, (_, _, targets) = build(config(proposal_samples=16)), scenes()
    own = targets["boxes"][:, :2].repeat(1, 20, 1) + torch.linspace(0, 1, 40)[:, None]
    proposals = torch.cat([own, torch.tensor([[[0.0, 0, 5, 5]]]).expand(2, 50, 4)], 1)
    torch.manual_seed(3)
    samples = model.criterion.sample(proposals, targets)
    for image in (0, 1):
        owner = samples.owner[samples.image == image]
        assert ((owner >= 0).sum(), (owner < 0).sum()) == (4, 12)
    torch.manual_seed(3)
    assert torch.equal(model.criterion.sample(proposals, targets).boxes, samples.boxes), "the same seed draws the same"


def test_objects_without_segmentations_teach_boxes_alone():
    model, (images, _, targets) = build().train(), scenes()
    outputs = model(images)
    torch.manual_seed(1)
    whole = model.losses(outputs, targets)
    torch.manual_seed(1)
    bare = model.losses(outputs, {**targets, "masks": torch.zeros_like(targets["masks"])})
    assert float(bare["mask"].detach()) == 0 < float(whole["mask"].detach())
    assert all(torch.equal(bare[name], whole[name]) for name in ("objectness", "proposal", "class", "box"))
    one = targets["masks"].clone()
    one[1] = 0
    first = {name: value[:1] for name, value in targets.items()}
    model.criterion.own = config(proposal_samples=400)  # more than there are, so that none is left out
    alone = model.losses({name: value[:1] for name, value in outputs.items()}, first)
    torch.testing.assert_close(model.losses(outputs, {**targets, "masks": one})["mask"], alone["mask"])


def test_class_weights_scale_a_class():
    model, (images, _, targets) = build().train(), scenes()
    targets["labels"] = torch.where(targets["labels"] == 1, -1, targets["labels"])
    outputs = model(images)
    plain = model.losses(outputs, targets)
    model.criterion.class_weights = torch.tensor([3.0, 1.0])
    weighted = model.losses(outputs, targets)
    torch.testing.assert_close(weighted["box"], 3 * plain["box"])
    assert weighted["class"] > plain["class"] and torch.equal(weighted["objectness"], plain["objectness"])


def test_the_losses_of_one_box_by_hand():
    """One proposal on its object and one on nothing, with the second stage set to say always the same."""
    model = build(config(box_loss="smooth_l1", box_weight=1.0, mask_weight=2.0, proposal_samples=8)).train()
    second = model.second
    for layer in (second.box_predictor.cls_score, second.box_predictor.bbox_pred, second.mask_predictor[-1]):
        nn.init.zeros_(layer.weight)
    with torch.no_grad():
        second.box_predictor.cls_score.bias.copy_(torch.tensor([1.0, 0.0, 2.0]))
        second.box_predictor.bbox_pred.bias.copy_(torch.tensor([0.0] * 4 + [0.1, 0, 0, 0] + [9.0] * 4))
        second.mask_predictor[-1].bias.copy_(torch.tensor([5.0, -1.0]))
    masks = torch.zeros(1, 1, SIDE // STRIDE, SIDE // STRIDE).byte()
    masks[0, 0, :8, :4] = 1  # the left half of the box
    box = torch.tensor([[[0.0, 0, 32, 32]]])
    targets = {"boxes": box, "labels": torch.ones(1, 1).long(), "flags": torch.zeros(1, 1).long(), "masks": masks}
    outputs = {**model(torch.zeros(1, 3, SIDE, SIDE)), "proposals": torch.tensor([[[60.0, 60, 90, 90]]])}
    got = {name: float(value.detach()) for name, value in model.losses(outputs, targets).items()}
    log_sum = np.log(np.exp(1) + 1 + np.exp(2))
    assert got["class"] == pytest.approx(((log_sum - 0) + (log_sum - 2)) / 2, rel=1e-5)
    assert got["box"] == pytest.approx(1 - 0.5 / 9, rel=1e-5), "|0.1 x 10| less half of beta, over the one object"
    empty, full = np.log1p(np.exp(-1)), np.log1p(np.exp(1))
    assert got["mask"] == pytest.approx(2 * (empty + full) / 2, rel=1e-2)


def test_learns_from_what_the_data_gives(real_data):
    """Real images through augmentation to losses that are finite."""
    catalog = read(real_data / "coco80" / "annotations" / "instances.json")
    own = config(mask_stride=8, class_weights="inverse")
    given = task(own, catalog.categories)
    model = given.build(ModelConfig(backbone="conv5", weights="none"), pretrained=False)
    given.criterion(model, catalog)
    assert model.criterion.class_weights.shape == (len(catalog.categories),)
    torch.manual_seed(0)
    augment = BoxAugment(AugmentConfig(crop_scale=1.0), Size.square(128), "bilinear", Grid((16, 16), 8))
    pixels = torch.randint(0, 255, (*reversed(catalog.sizes[0].tolist()), 3), dtype=torch.uint8).numpy()
    image, target = augment.change([augment.load(catalog, 0, pixels)])
    batch = {name: value[None] for name, value in target.items()}
    losses = model.train().losses(model(image.permute(2, 0, 1)[None].float() / 255), batch)
    assert set(losses) == {"objectness", "proposal", "class", "box", "mask"}
    assert all(bool(value.isfinite()) and float(value.detach()) > 0 for value in losses.values())
