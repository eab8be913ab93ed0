"""What was taken, in one line, and kept for a resumed run."""

from pathlib import Path

import pytest

from foveal.artifact.card import Card
from foveal.engine.run import Run
from foveal.errors import RunError
from foveal.models.taking import Taken
from foveal.runs.going_on.origin import in_one_line, record, recorded

NET = "backbone.net."


def test_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    taken = Taken(str(tmp_path / "runs" / "a"), whole=("head.weight", f"{NET}a"), known=("cat",))
    assert in_one_line(taken) == "weights of runs/a: 2 of 2 tensors taken"


def test_what_is_new_and_what_is_dropped() -> None:
    taken = Taken("a", ("x",), partly=("head.w", "head.b"), known=("cat", "dog"), new=("emu",), gone=("fox",))
    assert in_one_line(taken) == (
        "weights of a: 1 of 3 tensors taken, 2 more in part; classes kept: cat, dog; new: emu; classes dropped: fox"
    )


def test_what_is_left_and_why() -> None:
    shape = "8 x 4 in the file, 4 x 4 here"
    left = {
        **dict.fromkeys((f"{NET}conv_head.weight", f"{NET}bn2.weight", f"{NET}bn2.bias"), "not in the file"),
        "head.boxes.weight": shape,
    }
    assert in_one_line(Taken("a", ("x",), left=left, new=("cat",), gone=("dog",))) == (
        "weights of a: 1 of 5 tensors taken; left at random:"
        " conv_head, bn2 (3 tensors, not in the file),"
        f" head.boxes (1 tensor, {shape})"
    )


CARD = {
    "task": "detect",
    "classes": {"names": ("cat",)},
    "input": {"kind": "image", "size": 64, "train_size": 64, "mean": (0.1, 0.2, 0.3)},
    "model": {"backbone": "conv5"},
    "own": {},
    "decode": {},
}


@pytest.mark.parametrize("card", [None, Card.model_validate(CARD)])
def test_a_run_folder_keeps_it(tmp_path: Path, card: Card | None) -> None:
    run = Run(tmp_path)
    assert recorded(run) is None
    taken = Taken("a", ("x",), partly=("y",), left={"z": "why"}, unused=("u",), known=("cat",), new=("emu",))
    run.create("", {}, {}, record(taken, card))
    assert recorded(run) == (taken, card)
    run.write_json("weights.json", {"whole": 1})
    with pytest.raises(RunError, match=r"weights\.json: damaged\."):
        recorded(run)
