"""A checkpoint comes back as it was saved, or says that it cannot."""

from pathlib import Path

import pytest
import torch
from torch import nn

from foveal.engine.checkpoint import Checkpoint, State, load_checkpoint, save_checkpoint
from foveal.engine.parts import Part, parts_in_words
from foveal.errors import RunError


def checkpoint(network: nn.Module, optimizer: torch.optim.Optimizer) -> Checkpoint:
    state = State(step=7, best={"accuracy": 0.5}, best_epoch=2, rows=[{"epoch": 1.0, "accuracy": 0.5}])
    return Checkpoint("key", state, network.state_dict(), {}, optimizer.state_dict(), {})


def parts(seed: int) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    network = nn.Linear(2, 1)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1 * (seed + 1))
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return network, optimizer


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    (network, optimizer), (other, others) = parts(0), parts(1)
    path = tmp_path / "state.pt"
    save_checkpoint(path, checkpoint(network, optimizer))
    found = load_checkpoint(path)
    assert found is not None
    assert (found.key, found.finished, found.state) == ("key", False, checkpoint(network, optimizer).state)
    found.restore(other, None, others)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), other.parameters(), strict=True))
    assert others.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"] == 0.1
    for a, b in zip(network.parameters(), other.parameters(), strict=True):
        assert torch.equal(optimizer.state[a]["exp_avg"], others.state[b]["exp_avg"])


def test_parts_come_back(tmp_path: Path) -> None:
    network, optimizer = parts(0)
    saved = checkpoint(network, optimizer)
    saved.state.ended = "patience"
    saved.state.train_on(
        Part(2, "cosine", 0.1), following=Part(5, "step", 0.2, 60.0, settings={"train": {"epochs": 5}})
    )
    save_checkpoint(tmp_path / "state.pt", saved)
    found = load_checkpoint(tmp_path / "state.pt")
    assert found is not None and found.state == saved.state and not found.state.ended
    assert (found.state.part.from_step, found.state.part.from_row) == (7, 1)
    assert parts_in_words(found.state.parts, 4.0) == "to epoch 0: cosine, lr 0.1; to epoch 4: step, lr 0.2, within 60 s"


def test_before_the_first(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "state.pt") is None


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.pt"
    path.write_bytes(content)
    with pytest.raises(RunError) as error:
        load_checkpoint(path)
    assert error.value.what.startswith(f"{path}: damaged, or written by another version of Foveal (")
    assert error.value.hint == "Start a new run with --out."


def test_a_file_that_says_something_else(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    torch.save({"state": {"step": 1}, "weights": {}}, path)
    with pytest.raises(RunError, match=r"\(TypeError\)"):
        load_checkpoint(path)
