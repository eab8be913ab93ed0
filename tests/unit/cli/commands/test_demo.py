"""The demo can be repeated."""

from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Outcome


def test_a_second_demo_goes_to_a_folder_of_its_own(  # type: ignore[no-untyped-def]
    here, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    called: list[tuple[str, Any]] = []
    for name in ("train", "evaluate", "predict"):
        monkeypatch.setattr(
            f"foveal.cli.commands.{name}.{name}", lambda *args, name=name, **_: called.append((name, str(args[0])))
        )

    def write(folder: Path) -> None:
        (folder / "test" / "0").mkdir(parents=True)
        (folder / "test" / "0" / "0000.png").touch()

    monkeypatch.setattr("foveal.runs.digits.write_digits", write)
    monkeypatch.chdir(tmp_path)
    outcomes: list[Outcome] = [here("demo"), here("demo"), here("demo")]
    assert [done.code for done in outcomes] == [0, 0, 0]
    assert "exists" not in outcomes[0].out
    assert "foveal-demo exists and is kept; this demo goes to foveal-demo-2." in outcomes[1].out
    assert [place for name, place in called if name == "train"] == [
        "foveal-demo/digits",
        "foveal-demo-2/digits",
        "foveal-demo-3/digits",
    ]
