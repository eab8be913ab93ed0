"""``--skip-bad`` in train and evaluate: what cannot be read is left out, named everywhere, and stays left out."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Outcome, quick
from tests.kills import stopped_before


def test_images_that_cannot_be_read(here: Callable[..., Outcome], squares: Path, tmp_path: Path) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    shutil.copytree(squares, data)
    bad = sorted(p for p in data.rglob("*.png"))[0]
    content = bad.read_bytes()
    middle = len(content) // 2  # the header and the end are whole
    damaged = content[:middle] + b"\xff" * (len(content) - middle - 12) + content[-12:]
    bad.write_bytes(damaged)
    name = bad.relative_to(data).as_posix()
    flags = [*quick(epochs=1), "--skip-bad"]

    with stopped_before(2):
        here("train", data, "--out", run, *flags)
    known = json.loads((run / "data.json").read_text())
    (skipped,) = known["skipped"]
    assert skipped["path"] == name and skipped["reason"].startswith("is ")
    resumed = here("train", "--resume", run)
    assert resumed.code == 0, resumed.err
    assert f"1 image left out, unreadable: {name}; data.json lists all" in resumed.out
    assert json.loads((run / "metrics.json").read_text())["skipped"] == known["skipped"]

    bad.write_bytes(b"")
    refused = here("evaluate", run, data, "--out", tmp_path / "e0")
    assert refused.code == 2 and refused.err.startswith(f"error: {bad}: is empty (0 bytes).")
    assert "--skip-bad" in refused.err
    done = here("evaluate", run, data, "--json", "--skip-bad", "--out", tmp_path / "e1")
    assert done.code == 0 and done.err.splitlines()[0] == f"skipped: {bad}: is empty (0 bytes)."
    document = json.loads(done.out)
    assert document["skipped"] == [{"path": name, "reason": "is empty (0 bytes)"}]
    assert document["images"] == known["images"] and document["device"] == "cpu"
    assert json.loads((tmp_path / "e1" / "metrics.json").read_text()) == document

    bad.write_bytes(damaged)
    held_out = here("evaluate", run, data, "--split", "val", "--json", "--out", tmp_path / "e2")
    assert held_out.code == 0, held_out.err
    assert json.loads(held_out.out)["images"] == known["splits"]["val"]["images"]


def test_none_can_be_read(here: Callable[..., Outcome], squares: Path, quick_run: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(squares, data)
    for image in data.rglob("*.png"):
        image.write_bytes(b"")
    for command in (["train", data, *quick(), "--skip-bad"], ["evaluate", quick_run, data, "--skip-bad"]):
        done = here(*command, "--out", tmp_path / "out")
        assert done.code == 2 and "none of its images can be read" in done.err
