"""What fits is taken from an own model, whatever the task, and each class gets its own row back."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from foveal.artifact.card import Card
from foveal.artifact.store import save
from foveal.errors import WeightsError
from foveal.models.config import ModelConfig
from foveal.models.contract import Model
from foveal.models.matching import WeightMatch
from foveal.models.taking import ClassRows, Taken, take
from foveal.models.weights import Weights, resolve
from foveal.tasks.classify.model import Classifier
from foveal.tasks.table import open_task

OLD = ("cat", "dog", "emu")
TASKS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "classify": ("classify", {}),
    "segment": ("segment", {}),
    "detect": ("detect", {}),
    "detect, two anchors and a background": ("detect", {"anchor_ratios": [0.5, 2.0], "class_loss": "cross_entropy"}),
    "instance": ("instance", {}),
    "instance, two stages": ("instance", {"architecture": "mask_rcnn"}),
}


def card(task: str, classes: Sequence[str] = OLD, backbone: str = "conv5", **own: Any) -> Card:
    decode = {"multi_label": False} if task == "classify" else {}
    model = {"backbone": backbone}
    values = {"task": task, "classes": {"names": classes}, "input": {"kind": "image", "size": 64, "train_size": 64}}
    return Card.model_validate({**values, "model": model, "own": own, "decode": decode})


def write(path: Path, its: Card) -> dict[str, Tensor]:
    """A model file with random weights; returns them."""
    torch.manual_seed(1)
    network = open_task(its).build(ModelConfig.model_validate(its.model), pretrained=False)
    tensors = network.state_dict()
    for value in tensors.values():
        if value.is_floating_point():
            value.copy_(torch.rand(value.shape) + 0.5)
    save(path, its, {name: value.numpy() for name, value in tensors.items()})
    return tensors


def build(its: Card, weights: Path) -> tuple[Model, Taken]:
    torch.manual_seed(2)
    model = ModelConfig.model_validate({**its.model, "weights": str(weights)})
    network = open_task(its).build(model, pretrained=True)
    assert network.taken is not None and network.weights is not None
    assert not network.weights.tensors, "let go"
    return network, network.taken


@pytest.mark.parametrize("name", TASKS)
def test_the_same_classes_take_every_tensor(tmp_path: Path, name: str) -> None:
    task, own = TASKS[name]
    file = tmp_path / "model.safetensors"
    old = write(file, card(task, **own))
    network, taken = build(card(task, **own), file)
    for tensor, value in network.state_dict().items():
        assert tensor.endswith("num_batches_tracked") or torch.equal(value, old[tensor]), tensor
    assert len(taken.whole) == taken.total and not taken.left and not taken.partly and not taken.unused
    assert taken.known == OLD
    assert network.pretrained == {parameter for parameter, _ in network.named_parameters()}


@pytest.mark.parametrize("name", TASKS)
def test_rows_follow_their_class(tmp_path: Path, name: str) -> None:
    """Another order, one class gone and one new: the outputs of the known classes are those of the old model."""
    task, own = TASKS[name]
    file, new = tmp_path / "model.safetensors", ("emu", "fox", "cat")
    old = write(file, card(task, **own))
    network, taken = build(card(task, new, **own), file)
    fresh = network.state_dict()
    assert (taken.known, taken.new, taken.gone) == (("emu", "cat"), ("fox",), ("dog",))
    assert {*taken.partly} == {*network.class_rows()} and not taken.left
    for tensor in fresh:
        if tensor in taken.partly:
            layout = network.class_rows()[tensor]
            ours, theirs = layout.view(fresh[tensor], 3), layout.view(old[tensor], 3)
            assert ours is not None and theirs is not None
            assert torch.equal(ours[:, 0], theirs[:, 2]) and torch.equal(ours[:, 2], theirs[:, 0])
            assert torch.equal(ours[:, 3:], theirs[:, 3:]), "the background"
            assert not any(torch.equal(ours[:, 1], theirs[:, i]) for i in range(3))
        elif not tensor.endswith("num_batches_tracked"):
            assert torch.equal(fresh[tensor], old[tensor])
    if "two stages" in name:
        return
    inputs = torch.rand(1, 3, 64, 64)
    before = open_task(card(task, **own)).build(ModelConfig(backbone="conv5"), pretrained=False)
    before.load_state_dict(old)
    axis = 1 if task == "segment" else -1
    with torch.no_grad():
        ours, theirs = (n.eval()(inputs)["logits"].movedim(axis, 0) for n in (network, before))
    assert torch.allclose(ours[[0, 2]], theirs[[2, 0]])


def test_from_a_classifier_to_a_detector_and_back(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    old = write(file, card("classify"))
    network, taken = build(card("detect"), file)
    inside = {name for name in network.state_dict() if name.startswith("backbone.")}
    assert set(taken.whole) == inside - counters(network.state_dict())
    assert {*taken.left.values()} == {"not in the file"} and taken.unused == ("head.linear.bias", "head.linear.weight")
    assert (taken.known, taken.new, taken.gone) == ((), (), ())
    assert network.pretrained == {n for n, _ in network.named_parameters() if n.startswith("backbone.")}
    old = write(file, card("detect"))
    network, taken = build(card("classify"), file)
    assert taken.left == dict.fromkeys(("head.linear.bias", "head.linear.weight"), "not in the file")
    assert torch.equal(network.state_dict()["backbone.net.blocks.4.0.weight"], old["backbone.net.blocks.4.0.weight"])


def counters(tensors: Mapping[str, Tensor]) -> set[str]:
    return {name for name in tensors if name.endswith("num_batches_tracked")}


def test_from_boxes_to_masks_and_back(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    write(file, card("detect"))
    _, taken = build(card("instance"), file)
    assert taken.known == OLD
    assert {name.split(".")[0] for name in taken.left} == {"head", "prototypes"}
    write(file, card("instance", prototypes=8))
    _, taken = build(card("detect"), file)
    assert not taken.left and {name.split(".")[0] for name in taken.unused} == {"head", "prototypes"}


def test_no_class_in_common_leaves_the_head_at_random(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    write(file, card("segment"))
    _, taken = build(card("segment", ("road", "tree")), file)
    assert taken.left == dict.fromkeys(("head.bias", "head.weight"), "none of its classes is in the file")
    assert (taken.known, taken.new, taken.gone) == ((), ("road", "tree"), OLD)


@pytest.mark.parametrize(
    ("ours", "theirs"), [({}, {"anchor_ratios": [1.0, 2.0]}), ({"class_loss": "cross_entropy"}, {})]
)
def test_a_head_that_is_laid_out_otherwise(tmp_path: Path, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """One class and two anchors are not one class and a background."""
    file = tmp_path / "model.safetensors"
    write(file, card("detect", ("cat",), **theirs))
    _, taken = build(card("detect", ("cat",), **ours), file)
    assert {name for name in taken.left if "boxes" not in name} == {"head.classes.bias", "head.classes.weight"}
    assert taken.known == ()


def test_rows_whose_neighbours_differ_mean_something_else() -> None:
    """Two anchors of one class have as many rows as one class and a background: the boxes tell them apart."""
    network = nn.Module()
    network.head = nn.ModuleDict({"classes": nn.Linear(4, 2), "boxes": nn.Linear(4, 4)})
    its = card("detect", ("cat",))
    given = {f"head.{name}": torch.ones(shape) for name, shape in SHAPES.items()}
    weights = Weights(given, (0.5,) * 3, (0.5,) * 3, "bilinear", "file", "w", its)
    rows = dict.fromkeys(("head.classes.weight", "head.classes.bias"), ClassRows(extra=1))
    taken = take(network, weights, WeightMatch((), (), (), ()), classes=("cat",), rows=rows)
    assert taken.left == {
        "head.boxes.bias": "8 in the file, 4 here",
        "head.boxes.weight": "8 x 4 in the file, 4 x 4 here",
        "head.classes.bias": "its neighbours have another shape in the file",
        "head.classes.weight": "its neighbours have another shape in the file",
    }


SHAPES = {"classes.weight": (2, 4), "classes.bias": (2,), "boxes.weight": (8, 4), "boxes.bias": (8,)}


@pytest.mark.parametrize(
    ("several", "pooling", "fits"), [(False, "avg", True), (True, "avg", False), (False, "gem", False)]
)
def test_only_a_head_that_fits_as_it_is_needs_no_fit(tmp_path: Path, several: bool, pooling: str, fits: bool) -> None:
    """Rows for several labels per image, or for vectors pooled otherwise, are where the fit begins."""
    file = tmp_path / "model.safetensors"
    write(file, card("classify", pooling=pooling).model_copy(update={"decode": {"multi_label": several}}))
    network, taken = build(card("classify"), file)
    assert taken.known == OLD and isinstance(network, Classifier)
    assert network.start is not None and network.start.fixed == fits and bool(network.start.known.all())
    assert (open_task(card("classify")).probe(network) is None) == fits
    _, taken = build(card("classify", OLD[:2]), file)
    assert taken.gone == ("emu",), "fewer classes"


def test_another_architecture_is_named(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    write(file, card("classify", backbone="conv4"))
    with pytest.raises(WeightsError) as error:
        build(card("classify"), file)
    assert error.value.what == f"{file}: a model with the backbone conv4; only 0 of 25 tensors fit this one."
    assert error.value.hint == "Use --backbone conv4, or other weights."


def test_a_foreign_file_tells_what_fits_too(tmp_path: Path) -> None:
    """Weights of a backbone alone, by its own names, without a card."""
    network = open_task(card("classify")).build(ModelConfig(backbone="conv5"), pretrained=False)
    torch.save(network.backbone.net.state_dict(), tmp_path / "conv5.pth")
    _, taken = build(card("classify"), tmp_path / "conv5.pth")
    assert (len(taken.whole), taken.total) == (25, 27)
    assert taken.left == dict.fromkeys(("head.linear.bias", "head.linear.weight"), "not in the file")


def test_its_statistics_come_along(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    its = card("classify")
    its = its.model_copy(update={"input": its.input.model_copy(update={"mean": (0.1, 0.2, 0.3)})})
    write(file, its)
    weights = resolve("conv5", str(file), allow_download=False)
    assert weights is not None and weights.mean == (0.1, 0.2, 0.3) and weights.card == its
