import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from accelerate.tracking import LOGGER_TYPE_TO_CLASS

from foveal.engine import trackers
from foveal.errors import ConfigError

IMAGES = [("a/1.jpg", np.zeros((4, 6, 3), np.uint8)), ("b 2.jpg", np.ones((5, 5, 3), np.uint8))]


def test_accelerate_knows_each_of_them():
    assert set(trackers.KINDS) == set(LOGGER_TYPE_TO_CLASS)


def test_an_absent_tracker_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setattr(trackers, "find_spec", lambda _: None)
    with pytest.raises(ConfigError) as caught:
        trackers.require("comet_ml")
    assert str(caught.value) == (
        "The tracker 'comet_ml' needs the package 'comet_ml', which is not installed.\n"
        "Install it with: pip install comet_ml"
    )
    trackers.require("none")


@pytest.mark.parametrize(
    ("name", "variable", "value"),
    [
        ("wandb", "WANDB_MODE", "offline"),
        ("comet_ml", "COMET_START_ONLINE", "0"),
        ("clearml", "CLEARML_OFFLINE_MODE", "1"),
        ("swanlab", "SWANLAB_MODE", "offline"),
        ("mlflow", "MLFLOW_TRACKING_URI", "sqlite:///{}/tracker/mlflow.db"),
    ],
)
def test_nothing_is_sent_unasked(monkeypatch, tmp_path: Path, name, variable, value):
    monkeypatch.setattr(os, "environ", {})
    trackers.prepare(name, tmp_path)
    assert os.environ[variable] == value.format(tmp_path.as_posix())
    monkeypatch.setattr(os, "environ", {variable: "the user's"})
    trackers.prepare(name, tmp_path)
    assert os.environ[variable] == "the user's"


def test_settings_are_plain_values_by_dotted_names():
    settings = {"seed": 3, "optim": {"lr": 0.1, "betas": (0.9, 0.99), "plan": {"on": True}}, "recipe": Path("a")}
    assert trackers.plain_settings(settings) == {
        "seed": 3,
        "optim.lr": 0.1,
        "optim.betas": "(0.9, 0.99)",
        "optim.plan.on": True,
        "recipe": "a",
    }


def test_images_reach_each_tracker_in_its_own_way(monkeypatch):
    calls: list[tuple[object, ...]] = []
    log_images = lambda values, step, **more: calls.append((list(values), len(next(iter(values.values()))), step, more))  # noqa: E731
    for name in ("tensorboard", "wandb", "dvclive"):
        trackers.log_images(SimpleNamespace(name=name, log_images=log_images), "batch", IMAGES, 7)
    assert calls == [
        (["batch/a/1.jpg"], 1, 7, {"dataformats": "NHWC"}),
        (["batch/b 2.jpg"], 1, 7, {"dataformats": "NHWC"}),
        (["batch"], 2, 7, {}),
    ]
    names: list[str] = []
    monkeypatch.setitem(
        sys.modules, "mlflow", SimpleNamespace(log_image=lambda _, artifact_file: names.append(artifact_file))
    )
    trackers.log_images(SimpleNamespace(name="mlflow"), "batch", IMAGES, 7)
    comet = SimpleNamespace(log_image=lambda _, name, step: names.append(f"{name} at {step}"))
    trackers.log_images(SimpleNamespace(name="comet_ml", tracker=comet), "batch", IMAGES[:1], 7)
    assert names == ["batch/a_1.jpg.png", "batch/b_2.jpg.png", "batch/a/1.jpg at 7"]
