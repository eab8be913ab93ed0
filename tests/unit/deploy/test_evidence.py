"""Cell scores in an exported file: the network's own, or there is no file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from tests.conftest import Once

import foveal
from foveal.deploy import export as exporting
from foveal.deploy import graph as graphs
from foveal.deploy.evidence import PEAKS, differences
from foveal.deploy.evidence_graph import with_evidence
from foveal.errors import ConfigError, ParityError
from foveal.inference.backends.contract import EVIDENCE
from foveal.inference.backends.torch_backend import Graph, TorchBackend
from foveal.runs.export import export


@pytest.fixture(scope="session")
def with_cells(quick_run: Path, squares: Path, once: Once) -> Path:
    """``quick_run`` exported with its cell scores."""

    def make(out: Path) -> None:
        out.mkdir()
        export(quick_run, out=out / "model.onnx", data=squares, evidence=True)

    return once("with_cells", make) / "model.onnx"


def test_cells_are_in_the_file_and_in_its_record(with_cells: Path, quick_run: Path, squares: Path) -> None:
    network, exported = foveal.load(quick_run, device="cpu"), foveal.load(with_cells, engine="onnxruntime")
    images = np.stack([network.prepare(path).pixels for path in sorted(squares.rglob("*.png"))])
    assert isinstance(network.backend, TorchBackend)
    cells = exported.backend.run(images)[EVIDENCE]
    assert np.abs(cells - network.backend.cells(images)[EVIDENCE]).max() <= 1e-4
    assert exported.card.evidence == {EVIDENCE: (cells.shape[3], cells.shape[2])}
    assert exported.card.of_model == network.card and not network.card.evidence
    record = json.loads(with_cells.with_name("parity.json").read_text())
    assert record["differences"][EVIDENCE] <= record["tolerances"][EVIDENCE] == 1e-4
    assert record["differences"][PEAKS] <= record["tolerances"][PEAKS] == 0.01
    linear = network.backend.graph.model.head.linear  # type: ignore[union-attr]
    temperature = network.card.decode["temperature"]
    odds = cells.mean((2, 3)) + linear.bias.detach().numpy() / temperature  # type: ignore[union-attr,operator]
    scores = np.exp(odds) / np.exp(odds).sum(1, keepdims=True)
    assert np.abs(scores - exported.backend.run(images)["scores"]).max() < 1e-4


def test_the_file_predicts_and_explains(
    here: Callable[..., Any], with_cells: Path, quick_run: Path, squares: Path
) -> None:
    images = sorted(squares.rglob("*.png"))[:3]
    ours, theirs = (json.loads(here("predict", model, *images, "--json").out) for model in (quick_run, with_cells))
    assert [one["classes"][0]["name"] for one in ours] == [one["classes"][0]["name"] for one in theirs]
    explained = here("explain", with_cells, *images, "--json")
    assert explained.code == 0, explained.err
    document = json.loads(explained.out)
    assert document["method"] == "cells"
    again = json.loads(here("explain", quick_run, *images, "--method", "cells", "--json").out)
    for one, other in zip(document["images"], again["images"], strict=True):
        assert one["subjects"][0]["evidence"]["peak"] == other["subjects"][0]["evidence"]["peak"]


def test_cells_that_differ_are_refused(
    quick_run: Path, squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = graphs.to_onnx

    def broken(*arguments: Any, **options: Any) -> bytes:
        model = onnx.load_from_string(honest(*arguments, **options))
        half = onnx.helper.make_node("Add", ["cells", "off"], [EVIDENCE])
        for node in model.graph.node:
            node.output[:] = ["cells" if name == EVIDENCE else name for name in node.output]
        model.graph.initializer.append(numpy_helper.from_array(np.float32(0.01), "off"))
        model.graph.node.append(half)
        return model.SerializeToString()

    monkeypatch.setattr(graphs, "to_onnx", broken)
    images = sorted(squares.rglob("*.png"))[:8]
    with pytest.raises(ParityError, match="evidence differs by 0"):
        exporting.export(foveal.load(quick_run), tmp_path / "model.onnx", images=images, evidence=True)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_have_cells_is_refused(
    here: Callable[..., Any], with_cells: Path, quick_run: Path, squares: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = here("export", quick_run, "--evidence", "--int8")
    assert (both.code, both.err.splitlines()[0]) == (
        2,
        "error: --evidence and --int8 exclude each other: cell scores of 8-bit integers are not the network's.",
    )
    assert "--evidence needs the network itself" in here("export", with_cells, "--evidence").err
    assert "was exported with --evidence" in here("export", with_cells, "--int8", "--data", squares).err
    backend = foveal.load(quick_run, device="cpu").backend
    assert isinstance(backend, TorchBackend)
    monkeypatch.setattr(Graph, "cells", lambda *_: {})
    with pytest.raises(ConfigError, match="no scores of cells to export"):
        with_evidence(backend)


def test_differences_of_a_worked_case() -> None:
    ours = np.zeros((2, 2, 2, 2), np.float32)
    ours[0, 0], ours[1, 1] = [[0, 50], [1, 2]], [[4, 3], [2, 1]]
    theirs = ours.copy()
    theirs[0, 0, 0, 1] += 0.5
    assert differences(ours, theirs) == {EVIDENCE: pytest.approx(0.01), PEAKS: 0.0}
    theirs[1, 1] = [[3, 4], [2, 1]]
    assert differences(ours, theirs)[PEAKS] == 0.5  # of the two maps that have a peak
    assert differences(ours, np.full_like(ours, np.nan))[EVIDENCE] == np.inf
