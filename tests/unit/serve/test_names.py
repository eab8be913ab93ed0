"""Under which names models are served."""

from pathlib import Path

import pytest

from foveal.errors import ConfigError
from foveal.serve.names import name_models


def test_names_come_from_files_run_folders_or_are_given(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "flowers").mkdir()
    monkeypatch.chdir(tmp_path)
    given = ["flowers", "flowers-2/model.onnx", "cells v2.onnx", "best=flowers", "runs/x/model.safetensors"]
    assert list(name_models(given).items()) == [
        ("flowers", Path("flowers")),
        ("flowers-2", Path("flowers-2/model.onnx")),
        ("cells-v2", Path("cells v2.onnx")),
        ("best", Path("flowers")),
        ("x", Path("runs/x/model.safetensors")),
    ]


def test_a_path_with_an_equals_sign_stays_a_path(tmp_path: Path) -> None:
    file = tmp_path / "lr=3.onnx"
    file.touch()
    assert name_models([str(file)]) == {"lr-3": file}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a.onnx", "b/a.onnx"], "Two models are called a: a.onnx and b/a.onnx.\nName one of them: a-2=b/a.onnx"),
        (
            ["a/b=x.onnx"],
            "'a/b' cannot be the name of a model: it becomes part of an address.\n"
            "Use letters, digits, dots, dashes and underscores.",
        ),
        (["日.onnx"], "日.onnx: a model needs a name of letters or digits.\nGive it one: NAME=日.onnx"),
    ],
)
def test_names_that_are_refused(given: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        name_models(given)
    assert str(error.value) == message
