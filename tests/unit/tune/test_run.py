"""A run that pauses has the bytes of one that never did."""

import json
from pathlib import Path

import pytest
from tests.conftest import quick

from foveal.config.schema import RunConfig
from foveal.tune.run import StudyEnds, advance, at
from foveal.tune.study.lease import take
from foveal.tune.study.trial import OUTCOME, read_run

SETTINGS = {
    "model": {"backbone": "conv4", "weights": "none"},
    "input": {"normalize": "dataset", "size": 32},
    "train": {"epochs": 6, "batch_size": 8},
    "data": {"workers": 0},
    "optim": {"lr": 3e-3},
}


def configured(squares: Path, **optim: object) -> RunConfig:
    values = {**SETTINGS, "data": {"workers": 0, "path": str(squares)}, "optim": {"lr": 3e-3, **optim}}
    return RunConfig.model_validate(values)


@pytest.mark.slow
def test_paused_at_every_rung_and_never_paused(squares: Path, quick_run: Path, tmp_path: Path) -> None:
    assert "--epochs=6" in quick(epochs=6)
    folder, states = tmp_path / "trial", []
    folder.mkdir()
    for fraction in (1 / 6, 1 / 3, 0.5, 1.0):
        lease = take(folder, beat_s=5.0, target=fraction)
        assert lease is not None
        with lease:
            assert advance(folder, configured(squares), lease, at(fraction)) is None
        found = read_run(folder, beat_s=5.0)
        states.append((len(found.rows), found.state((1 / 6, 1 / 3, 0.5, 1.0))))
    assert states == [(1, "paused"), (2, "paused"), (3, "paused"), (6, "done")]
    for name in ("model.safetensors", "predictions.csv", "predictions.jsonl"):
        ours, lone = ((run / name).read_bytes() for run in (folder, quick_run))
        if name == "predictions.jsonl":  # its header names the run
            ours, lone = (text.split(b"\n", 1)[1] for text in (ours, lone))
        assert ours == lone, name
    assert not list(folder.glob("lease*"))


def test_what_fails_is_written_down(squares: Path, tmp_path: Path) -> None:
    lease = take(tmp_path, beat_s=5.0)
    assert lease is not None
    with lease:
        failure = advance(tmp_path, configured(squares, name="adamww"), lease, at(1.0))
    assert failure is not None and failure.kind == "ConfigError" and "adamww" in failure.what
    assert json.loads((tmp_path / OUTCOME).read_text())["state"] == "failed"
    assert read_run(tmp_path, beat_s=5.0).state((1.0,)) == "failed"


def test_what_ends_the_study_is_not_the_trial_s(squares: Path, tmp_path: Path) -> None:
    from foveal.errors import ConfigError

    def refuse(epoch: int, epochs: int) -> bool:
        raise StudyEnds(ConfigError(f"{epoch} of {epochs}."))

    lease = take(tmp_path, beat_s=5.0)
    assert lease is not None
    with lease, pytest.raises(StudyEnds, match="1 of 6"):
        advance(tmp_path, configured(squares), lease, refuse)
    assert not (tmp_path / OUTCOME).exists()
