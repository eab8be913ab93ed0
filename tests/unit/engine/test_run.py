"""A run's folder is made whole, or can be made again."""

from pathlib import Path

import pytest

from foveal.engine import run as module
from foveal.engine.run import Run
from foveal.errors import RunError


@pytest.mark.parametrize("writes", range(4))
def test_an_interrupt_while_the_folder_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    """Before the configuration is written there is no run: the same command starts over."""
    run, honest, done = Run(tmp_path / "run"), module.write_atomic, []

    def interrupted(path: Path, content: bytes | str) -> None:
        if len(done) == writes:
            path.with_name(f".{path.name}.1.tmp").write_text("half")
            raise KeyboardInterrupt
        done.append(path)
        honest(path, content)

    monkeypatch.setattr(module, "write_atomic", interrupted)
    if writes < 3:
        with pytest.raises(KeyboardInterrupt):
            run.create("seed = 1", {}, {})
        assert not run.config.exists()
    monkeypatch.undo()
    run.create("seed = 2", {"images": 3}, {})
    assert run.config.read_text() == "seed = 2"
    assert run.read_json("data.json") == {"images": 3}
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "config.toml",
        "data.json",
        "environment.json",
        "resume",
    ]


def test_a_run_is_not_made_twice(tmp_path: Path) -> None:
    run = Run(tmp_path / "my run")
    run.create("", {}, {})
    with pytest.raises(RunError) as error:
        run.create("", {}, {})
    assert error.value.what == f"{run.folder} already exists."
    assert error.value.hint == (f"Resume it (--resume '{run.folder}'), remove it, or choose another folder with --out.")


@pytest.mark.parametrize("names", [["data.json"], ["resume/", "notes.txt"], ["resume/state.pt"], [".hidden.tmp"]])
def test_what_somebody_else_put_there_is_left_alone(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        else:
            path.write_text("mine")
    with pytest.raises(RunError, match="already exists"):
        Run(tmp_path).create("", {}, {})
    assert all((tmp_path / name).exists() for name in names)


def test_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(RunError, match="already exists"):
        Run(tmp_path / "run").create("", {}, {})


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    Run(tmp_path).create("seed = 1", {}, {})
    assert (tmp_path / "config.toml").read_text() == "seed = 1"
