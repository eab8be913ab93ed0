"""Benchmarks and examples are run by hand; that they can be, at least, is seen here."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted([*ROOT.glob("benchmarks/*.py"), *ROOT.glob("examples/*.py"), *ROOT.glob("docs/reference/*.py")])
PEERS = ("ultralytics",)
"""What a benchmark compares with is not installed here."""


@pytest.mark.slow
def test_every_script_can_be_imported() -> None:
    """In one process, each with its own folder on the path, as when it is run."""
    code = f"""
import importlib.util, sys
for script in {[str(script) for script in SCRIPTS]!r}:
    sys.path.insert(0, script.rpartition('/')[0])
    spec = importlib.util.spec_from_file_location(script, script)
    module = sys.modules[script] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        if error.name not in {PEERS!r}:
            print(script, '-', error)
    except ImportError as error:
        print(script, '-', error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
