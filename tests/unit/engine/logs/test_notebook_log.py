"""Progress in a notebook: one output, updated, escaped."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from foveal.engine.logs import notebook_log
from foveal.engine.logs.notebook_log import NotebookLog, notebook


class Notebook:
    """What IPython.display offers, and the pages that were shown."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.outputs = 0

    def HTML(self, page: str) -> str:  # noqa: N802  IPython's own name
        return page

    def display(self, page: str, *, display_id: bool) -> Any:
        assert display_id
        self.outputs += 1
        self.shown.append(page)
        return SimpleNamespace(update=self.shown.append)


def test_one_output_that_is_updated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_log, "SECONDS_BETWEEN_UPDATES", 0.0)
    page = Notebook()
    log = NotebookLog(page)
    log.doing("reading <d>")
    log.say({"data": "a <b> & c"})
    log.say({"classes": "3"})
    assert "reading &lt;d&gt; ..." in page.shown[-1]
    log.note("5 < 6")
    for step in (1, 2, 3):
        log.step(epoch=0, epochs=2, step=step, steps=4, samples=8, unit="images", loss=1.5)
    assert 'value="3" max="8"' in page.shown[-1] and "epoch 1/2" in page.shown[-1] and " left" in page.shown[-1]
    log.evaluating()
    log.epoch({"epoch": 1, "step": 4, "train_loss": 0.5, "mAP": None, "images_per_s": 9.0}, epochs=2, best=True)
    log.finish({})
    last = page.shown[-1]
    assert page.outputs == 1
    assert "a &lt;b&gt; &amp; c" in last and "5 &lt; 6" in last
    assert "<td>0.500</td><td>–</td><td><b>best</b></td>" in last and "train loss" in last
    assert "nan" not in last and "<progress" not in last


def test_many_epochs_stay_a_short_table() -> None:
    page = Notebook()
    log = NotebookLog(page)
    log.say({"data": "d"})
    for epoch in range(1, 41):
        log.epoch({"epoch": epoch, "train_loss": 1 / epoch, "accuracy": 0.5}, epochs=40, best=epoch == 1)
    assert "28 earlier epochs are in metrics.csv" in page.shown[-1]
    assert page.shown[-1].count("<tr>") == 2 + 12


def test_no_notebook_no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert notebook() is None, "Python without IPython"

    class TerminalInteractiveShell:
        pass

    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=TerminalInteractiveShell))
    assert notebook() is None, "IPython in a terminal"
