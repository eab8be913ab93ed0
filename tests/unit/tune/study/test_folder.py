from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.tune.search.test_budget import PLAN

from foveal.config.schema import parse_config
from foveal.errors import RunError
from foveal.tune.confirm.runs import begin
from foveal.tune.study.folder import CANDIDATES, Study, begin_study
from foveal.tune.study.trial import write_about


def study(folder: Path, *numbers: int, candidates: tuple[int, ...] | None = None) -> Study:
    """A study in which trials have begun."""
    config = parse_config({"data": {"path": "photos"}}, where="a test")
    made = begin_study(folder, replace(PLAN, config=config))
    for number in numbers:
        made.place(number).mkdir()
        write_about(made.place(number), number, {"optim.lr": 0.1} if number else {}, "sobol")
    if candidates is not None:
        made.keep(CANDIDATES, {"candidates": list(candidates), "seeds": 2, "why": ""})
    return made


@pytest.mark.parametrize(
    ("numbers", "candidates", "missing"),
    [((1, 2), None, 0), ((1, 2), (1,), 0), ((0, 2), (1,), 1), ((), (), 0), ((0, 1, 2), (2, 3), 3)],
)
def test_a_missing_trial_is_named(
    tmp_path: Path, numbers: tuple[int, ...], candidates: tuple[int, ...] | None, missing: int
) -> None:
    made = study(tmp_path / "s", *numbers, candidates=candidates)
    with pytest.raises(RunError) as caught:
        made.check_whole()
    assert caught.value.what == f"{made.place(missing)}: this trial of the study is missing."
    assert caught.value.hint == "Put its folder back, or begin another study with --out."


def test_nothing_is_missing_before_the_first_trial_or_beside_what_is_confirmed(tmp_path: Path) -> None:
    study(tmp_path / "new").check_whole()
    study(tmp_path / "old", 0, 2, candidates=(2,)).check_whole()


def test_a_fold_that_was_removed_is_made_again(tmp_path: Path) -> None:
    made = study(tmp_path / "s", 0, candidates=())
    trial = made.trials()[0]
    begin(made, trial, 2)
    folds = [made.confirming(0) / f"fold-{k}" for k in (1, 2)]
    (folds[0] / "kept").touch()
    folds[1].rmdir()
    begin(made, trial, 2)
    assert [fold.is_dir() for fold in folds] == [True, True] and (folds[0] / "kept").exists()


def test_a_taken_folder_is_refused_with_a_command_that_can_be_pasted(tmp_path: Path) -> None:
    study(tmp_path / "a study")
    with pytest.raises(RunError) as caught:
        begin_study(tmp_path / "a study", PLAN)
    assert caught.value.hint == f"Go on with it: foveal tune --resume '{tmp_path / 'a study'}'"


def test_what_a_killed_worker_was_writing_is_removed(tmp_path: Path) -> None:
    made = study(tmp_path / "s", 0)
    made.write_rungs([])
    left = made.folder / ".rungs.jsonl.30315.15.tmp"
    left.write_text("half a li")
    made.tidy()
    assert not left.exists() and (made.folder / "rungs.jsonl").exists()
