"""The notebook runs from top to bottom in a real kernel, and shows what it promises."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "quickstart.ipynb"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Jupyter's own packages
def test_the_quickstart_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "outputs are not kept in the repository"
    for cell in notebook.cells:
        cell.source = cell.source.replace('{"epochs": 8}', '{"epochs": 1}, "data": {"train_fraction": 0.2}')
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "stream"], "nothing is printed beside the cells"
    kinds = [set(output.data) for output in outputs]
    assert any("image/png" in kind for kind in kinds), "a prediction is drawn"
    pages = [output.data["text/html"] for output in outputs if "text/html" in output.data]
    assert any("train loss" in page and "<b>best</b>" in page for page in pages), "training shows its epochs"
    assert any("95% interval" in page for page in pages), "results have their intervals"
    assert all(len(line) < 200 for output in outputs for line in output.data.get("text/plain", "").splitlines())
