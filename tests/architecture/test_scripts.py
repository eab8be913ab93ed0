"""Benchmarks and examples are run by hand; that they can be, at least, is seen here."""

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.forks import start

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted([*ROOT.glob("benchmarks/*.py"), *ROOT.glob("examples/*.py"), *ROOT.glob("docs/reference/*.py")])
PEERS = ("ultralytics",)
"""What a benchmark compares with is not installed here."""


@pytest.mark.slow
def test_every_script_can_be_imported(tmp_path: Path) -> None:
    """In one process, each with its own folder on the path, as when it is run."""
    assert SCRIPTS
    process = start(_import, SCRIPTS, tmp_path / "faults")
    process.join()
    assert process.exitcode == 0
    assert (tmp_path / "faults").read_text() == ""


def _import(scripts: Sequence[Path], faults: Path) -> None:
    found = []
    for script in scripts:
        sys.path.insert(0, str(script.parent))
        spec = importlib.util.spec_from_file_location(str(script), script)
        assert spec is not None and spec.loader is not None, "a Python file"
        module = sys.modules[str(script)] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except ImportError as error:
            if error.name not in PEERS:
                found.append(f"{script} - {error}")
    faults.write_text("\n".join(found))
