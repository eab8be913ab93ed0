"""What happens before torch is loaded: the header, and the refusal of what could only fail later."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from foveal.artifact.free import first_free, free_folder
from foveal.engine.logs.log import Log
from foveal.errors import ConfigError, DataError, MissingExtraError
from foveal.runs import train as module
from foveal.runs.several.train import train_several
from foveal.runs.train import PACKAGES, train


class LoadedError(Exception):
    """Torch would be loaded now."""


class Heard(Log):
    """What was told, in order."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def begin(self, command: str) -> None:
        self.told.append(command)

    def doing(self, what: str) -> None:
        self.told.append(what)

    def say(self, facts: Mapping[str, str]) -> None:
        self.told.append(dict(facts))

    def close(self) -> None:
        self.told.append("closed")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[object]]:
    """Trains up to the point where torch is loaded."""

    def door(began: float) -> Any:
        raise LoadedError

    monkeypatch.setattr(module, "open_door", door)
    monkeypatch.chdir(tmp_path)

    def call(*data: str | Path, **options: Any) -> list[object]:
        log = Heard()
        with pytest.raises(LoadedError):
            train(*data, log=log, **options)
        return log.told

    return call


def test_the_header_is_there_before_torch(heard: Callable[..., list[object]], squares: Path) -> None:
    begin, reading, facts, loading, closed = heard(squares)
    assert (begin, reading, loading) == (f"foveal train {squares}", f"reading {squares}", "loading torch")
    assert isinstance(facts, dict) and facts["task"] == "classify" and "image folder: " in facts["data"]
    assert closed == "closed"


def test_several_runs_name_the_data_set_as_it_was_given(
    heard: Callable[..., list[object]], squares: Path, tmp_path: Path
) -> None:
    (tmp_path / "small").symlink_to(squares)
    log = Heard()
    with pytest.raises(LoadedError):
        train_several("small", kind="folds", number=3, log=log)
    assert log.told[:2] == heard("small")[:2] == ["foveal train small", "reading small"]


def test_what_a_user_sets_is_refused_and_what_a_recipe_sets_is_not(
    heard: Callable[..., list[object]], squares: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text("[detect]\nchannels = 32\n[augment]\nrare_crops = 0.5\n")
    assert heard(squares, recipe=recipe)
    for settings in ({"detect": {"channels": 32}}, {"augment": {"rare_crops": 0.5}}):
        with pytest.raises(ConfigError, match=r"is a setting of (detect|segment), and the task is classify\."):
            train(squares, settings=[{"seed": 1}, settings])


def test_without_torch_nothing_is_read(monkeypatch: pytest.MonkeyPatch, squares: Path, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == PACKAGES[0] else object())
    log = Heard()
    for options in ({"data": squares}, {"resume": tmp_path}):
        with pytest.raises(MissingExtraError) as caught:
            train(**options, log=log)
        assert caught.value.what == "To train, Foveal needs the package 'torch', which is not installed."
        assert caught.value.hint == "Install everything with: pip install 'foveal[train]'"
    assert log.told == []


def test_there_is_no_header_of_nothing(tmp_path: Path) -> None:
    log = Heard()
    with pytest.raises(DataError, match="no such file or folder"):
        train(tmp_path / "absent", log=log, out=tmp_path / "out")
    assert log.told == ["closed"]


def test_the_first_free_folder(tmp_path: Path) -> None:
    for name in ("run", "run-2", "run-4"):
        (tmp_path / name).mkdir()
    assert first_free(tmp_path / "run") == tmp_path / "run-3"
    assert first_free(tmp_path / "other") == tmp_path / "other"


def test_a_folder_keeps_the_dots_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "photos.v1.5").mkdir()
    assert free_folder(tmp_path / "photos.v1.5", str(tmp_path)) == tmp_path / "photos.v1.5-2"
    assert free_folder(tmp_path / "photos.csv", str(tmp_path)) == tmp_path / "photos"
