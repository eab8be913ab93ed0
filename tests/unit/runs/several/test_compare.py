"""Runs compared from what they kept, as a user does it: real files, no training."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.conftest import Outcome
from tests.scenes import UNKNOWN, write_coco, write_masks, write_squares, write_voc

from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.read import read
from foveal.errors import DataError, RunError
from foveal.runs.evaluation import Evaluation, score, to_dict, write_predictions
from foveal.runs.several.compare import compare
from foveal.runs.several.kept import KEPT, TRAINED_ON, read_kept, write_kept
from foveal.runs.several.plan import SeveralRuns, write_plan
from foveal.tasks.table import get_spec
from foveal.types.predictions.class_scores import ClassScores
from foveal.types.predictions.detections import Detections
from foveal.types.predictions.masks import ClassMap, Instances
from foveal.types.reading import AS_STORED
from foveal.types.rle import Rle

Command = Callable[..., Outcome]
Rng = np.random.Generator


def classes(truth: Any, rng: Rng, skill: float, names: Any) -> ClassScores:
    odds = np.exp(rng.normal(size=len(names)) + 5 * skill * np.eye(len(names))[truth])
    return ClassScores((odds / odds.sum()).astype(np.float32), names, (32, 32))


def boxes(truth: Any, rng: Rng, skill: float, names: Any) -> Detections:
    return Detections(*_found(truth, rng, skill), names, (96, 72), 0.3)


def masked(truth: Any, rng: Rng, skill: float, names: Any) -> Instances:
    nothing = Rle.of(np.zeros((72, 96), bool))
    masks = tuple(mask if rng.random() < skill else nothing for mask in truth.masks)
    return Instances(*_found(truth, rng, skill), names, (96, 72), 0.3, masks)


def maps(truth: Any, rng: Rng, skill: float, names: Any) -> ClassMap:
    known = np.where(truth.ids < len(names), truth.ids, 0)
    wrong = rng.random(known.shape) > skill
    return ClassMap.of(np.where(wrong, rng.integers(0, len(names), known.shape), known), names)


def _found(truth: Any, rng: Rng, skill: float) -> tuple[Any, Any, Any]:
    moved = truth.boxes + rng.normal(0, 10 * (1 - skill), truth.boxes.shape)
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
    return moved, rng.uniform(0.1, 1, len(truth)), truth.labels.astype(np.int64)


TASKS: dict[str, tuple[Callable[[Path], Path], Any]] = {
    "classify": (lambda path: write_squares(path, per_class=14), classes),
    "detect": (lambda path: write_voc(path, train=2, val=12), boxes),
    "segment": (lambda path: write_masks(path, train=2, val=12), maps),
    "instance": (lambda path: write_coco(path, train=2, val=12), masked),
}


def catalog_of(path: Path, task: str) -> Catalog:
    catalog = read(path, annotations=get_spec(task).annotations, ignore=(UNKNOWN,) if task == "segment" else ())
    return catalog.split("val") if catalog.has("val") else catalog


def keep(folder: Path, catalog: Catalog, task: str, *, skill: float, seed: int) -> dict[str, Any]:
    """A folder with made-up predictions, written as evaluations and runs write theirs."""
    spec, rng = get_spec(task), np.random.default_rng(seed)
    output = spec.begin(spec.settings(), catalog)
    truths = output.truths(catalog, range(len(catalog)))
    found: list[Any] = [TASKS[task][1](truth, rng, skill, catalog.categories) for truth in truths]
    predictor: Any = SimpleNamespace(
        output=output, card=SimpleNamespace(task=task), spec=SimpleNamespace(reading=AS_STORED)
    )
    evaluation = Evaluation(catalog, truths, found, score(predictor, truths, found, num_resamples=0, seed=0))
    folder.mkdir(parents=True)
    write_predictions(folder, evaluation, predictor, split="val", run=str(folder))
    (folder / TRAINED_ON).write_text("")
    document = to_dict(evaluation, task)
    (folder / "metrics.json").write_text(json.dumps(document))
    return document


@pytest.mark.parametrize("task", TASKS)
def test_runs_of_every_task(here: Command, tmp_path: Path, task: str) -> None:
    """What is kept gives the evaluation's own numbers again, and the page draws the images that differ."""
    catalog = catalog_of(TASKS[task][0](tmp_path / "data"), task)
    known = [
        keep(tmp_path / name, catalog, task, skill=skill, seed=k)
        for k, (name, skill) in enumerate((("a", 0.1), ("b", 0.95)))
    ]
    done = here("compare", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "out", "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert document["images"] == len(catalog) and document["task"] == task
    for side, own in zip(document["sides"], known, strict=True):
        assert side["metrics"] == pytest.approx({k: v["value"] for k, v in own["metrics"].items()}, abs=1e-12)
    (pair,) = document["pairs"]
    assert pair["decision"] == f"{tmp_path / 'b'} is better" and pair["p"] < 0.05 < pair["difference"]
    assert pair["low"] <= pair["difference"] <= pair["high"] and 0 < pair["smallest_visible"] < 1
    assert (pair["test"] == "mcnemar_exact") == (pair["metric"] == "accuracy") == ("only_b" in pair)
    flips = document["flips"][0]
    assert flips["better_by_b"] > flips["better_by_a"] and flips["images"][0]["b"]["predicted"]
    assert json.loads((tmp_path / "out" / "comparison.json").read_text()) == document
    page = (tmp_path / "out" / "report.html").read_text()
    for text in ("B is better", "Images that differ", "data:image/webp", flips["images"][0]["path"]):
        assert text in page, text
    assert not re.findall(r'(?:src|href)="(?!data:|#)|url\(', page), "it loads nothing"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five evaluations of 42 images by classifiers: three seeds of one skill, and two of another."""
    root = tmp_path_factory.mktemp("kept")
    catalog = catalog_of(write_squares(root / "data", per_class=14), "classify")
    for name, skill in (("a1", 0.5), ("a2", 0.5), ("a3", 0.5), ("b1", 0.55), ("b2", 0.55)):
        keep(root / name, catalog, "classify", skill=skill, seed=int(name[1]) + 10 * (name[0] == "b"))
    return root


def test_the_screen(here: Command, kept: Path, tmp_path: Path) -> None:
    done = here("compare", kept / "a1", kept / "b1", "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "accuracy: no difference seen  B - A = " in done.out
    assert (
        "McNemar's exact test: only A right on " in done.out and "Smallest difference visible here: about " in done.out
    )
    assert "One run per side: other seeds would differ, which these intervals do not hold." in done.out
    assert f"  42 images in common\n  report  {tmp_path / 'out' / 'report.html'}\n" in done.out


def test_several_seeds_are_one_side(kept: Path) -> None:
    texts = [[kept / name for name in ("a1", "a2", "a3")], ",".join(str(kept / name) for name in ("b1", "b2"))]
    done = compare(*texts)
    assert [len(side.members) for side in done.sides] == [3, 2]
    assert done.pairs[0].difference.test == "paired_bootstrap" and len(done.common) == 42
    single = [json.loads((kept / name / "metrics.json").read_text())["metrics"]["accuracy"]["value"]
              for name in ("a1", "a2", "a3")]  # fmt: skip
    assert done.values["accuracy"][0] == pytest.approx(np.mean(single))
    assert done.spreads["accuracy"][0] == pytest.approx(np.std(single, ddof=1))
    assert "a side with one run is taken to vary as the others do." in done.notes[0]


def test_the_same_run_thrice_is_not_narrower(kept: Path) -> None:
    once, thrice = compare(kept / "a1", kept / "b1"), compare([kept / "a1"] * 3, [kept / "b1"] * 3)
    for metric in once.values:
        widths = [
            next(found.high - found.low for _, _, found in done.others if found.metric == metric)
            for done in (once, thrice)
        ]
        assert widths[1] >= widths[0] * 0.999 or metric == "accuracy", metric


def test_of_three_sides_every_pair_is_adjusted(kept: Path) -> None:
    done = compare(kept / "a1", kept / "a2", kept / "b1", metric="log_loss")
    assert [(pair.a, pair.b) for pair in done.pairs] == [(0, 1), (0, 2), (1, 2)]
    ps = [pair.difference.p for pair in done.pairs]
    assert max(pair.adjusted for pair in done.pairs) >= max(ps)
    assert min(pair.adjusted for pair in done.pairs) == pytest.approx(min(1, 3 * min(ps)))


def in_folds(run: Path, folder: Path, *, number: int, turn: int = 0) -> Path:
    """What a run predicted, as if each of some folds had been trained by itself."""
    write_plan(folder, SeveralRuns("folds", number, RunConfig()))
    shutil.copytree(run, folder, dirs_exist_ok=True)
    known = read_kept(folder / KEPT)
    images = [{**image, "fold": (place + turn) % number + 1} for place, image in enumerate(known.images)]
    write_kept(folder / KEPT, known.header, images)
    return folder


def test_folds_are_compared_fold_by_fold(kept: Path, tmp_path: Path) -> None:
    """How much the differences of the folds differ is in the interval, as in a study's decision."""
    a, b = (in_folds(kept / name, tmp_path / name, number=3) for name in ("a1", "b1"))
    done, plain = compare(a, b), compare(kept / "a1", kept / "b1")
    known = [read_kept(one / KEPT) for one in (a, b)]
    right = [[np.argmax(found.scores) == truth for truth, found in one.pairs(range(42))] for one in known]
    apart = np.array(right[1], float) - np.array(right[0], float)
    each = [apart[[image["fold"] == k for image in known[0].images]].mean() for k in (1, 2, 3)]
    own, alone = done.pairs[0].difference, plain.pairs[0].difference
    assert own.difference == alone.difference and (own.test, alone.test) == ("paired_bootstrap", "mcnemar_exact")
    assert own.high - own.low > 2 * 1.96 * np.std(each, ddof=1) / np.sqrt(3), "at least the folds' own"
    assert own.high - own.low > alone.high - alone.low and own.smallest_visible > 0
    assert "how much the differences of the folds differ." in done.notes[0]
    loss = next(one for _, _, one in done.others if one.metric == "log_loss")
    assert loss.high - loss.low > next(x.high - x.low for _, _, x in plain.others if x.metric == "log_loss")


def test_other_folds_are_not_paired(kept: Path, tmp_path: Path) -> None:
    a = in_folds(kept / "a1", tmp_path / "a", number=3)
    b = in_folds(kept / "b1", tmp_path / "b", number=3, turn=1)
    done = compare(a, b)
    assert done.notes[0].startswith("The sides have other folds") and done.pairs[0].difference.test == "mcnemar_exact"


def copied(run: Path, folder: Path) -> Path:
    """The same run at another place."""
    return Path(shutil.copytree(run, folder / "copied"))


def test_a_margin_makes_equivalence_possible(kept: Path, tmp_path: Path) -> None:
    assert (
        compare(kept / "a1", copied(kept / "a1", tmp_path), margin=0.9).pairs[0].decision
        == "equivalent: any difference is below 0.9"
    )
    assert compare(kept / "a1", kept / "b1", margin=1e-6).pairs[0].decision == "no difference seen"


def test_one_model_twice_is_told(kept: Path, tmp_path: Path) -> None:
    same, others = compare(kept / "a1", copied(kept / "a1", tmp_path)), compare(kept / "a1", kept / "b1")
    told = "predict exactly the same: they are one model."
    assert any(told in note for note in same.notes) and not any(told in note for note in others.notes)


def test_a_side_of_other_settings_or_of_copies_is_told(kept: Path, tmp_path: Path) -> None:
    runs = []
    for name, epochs in (("a1", 4), ("a2", 8)):
        text = (kept / name / "predictions.jsonl").read_text()
        runs.append(tmp_path / name)
        runs[-1].mkdir()
        (runs[-1] / "config.toml").write_text(f"seed = {epochs}\n[train]\nepochs = {epochs}\n")
        (runs[-1] / "predictions.jsonl").write_text(re.sub(r'"run":"[^"]*"', f'"run":"{runs[-1]}"', text, count=1))
    notes = compare(runs, kept / "b1").notes
    what = f"The runs of {runs[0]},{runs[1]} differ in train.epochs: they are not seeds of one setting."
    assert what in notes
    copied = compare([kept / "a1"] * 3, kept / "b1").notes
    assert any(
        note.startswith("2 runs of ") and note.endswith("another of it does: no further seeds.") for note in copied
    )
    assert not any("of it does" in note or "one setting" in note for note in compare(kept / "a1", kept / "b1").notes)


def refused(here: Command, *arguments: str | Path) -> tuple[str, str]:
    """What is wrong, and the hint; exit code 2."""
    done = here("compare", *arguments)
    assert done.code == 2, done.out
    what, _, hint = done.err.partition("\n")
    return what.removeprefix("error: "), hint.strip().removeprefix("hint: ")


def test_images_that_a_side_was_trained_on(here: Command, kept: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    seen = [image["content"] for image in read_kept(kept / "b1" / "predictions.jsonl").images[:7]]
    (other / TRAINED_ON).write_text("\n".join(seen))
    text = (kept / "b1" / "predictions.jsonl").read_text().replace(f'"run":"{kept / "b1"}"', f'"run":"{other}"', 1)
    (other / "predictions.jsonl").write_text(text)
    what, hint = refused(here, kept / "a1", other)
    assert what.startswith(f"{other} was trained on 7 of the 42 images that {kept / 'a1'} was evaluated on")
    assert "--data.split-seed" in hint


def test_other_class_maps_and_tasks(here: Command, kept: Path, tmp_path: Path) -> None:
    two = catalog_of(write_squares(tmp_path / "two", per_class=14, classes=2), "classify")
    keep(tmp_path / "e", two, "classify", skill=0.5, seed=1)
    what, _ = refused(here, kept / "a1", tmp_path / "e")
    assert what.endswith("have other class maps (3 and 2 classes): only one has class2.")
    masks = catalog_of(write_masks(tmp_path / "masks", train=2, val=12), "segment")
    keep(tmp_path / "m", masks, "segment", skill=0.9, seed=1)
    what, _ = refused(here, kept / "a1", tmp_path / "m")
    assert what.endswith("only one task can be compared.")


def test_no_common_images_and_too_few(here: Command, kept: Path, tmp_path: Path) -> None:
    others = catalog_of(write_squares(tmp_path / "others", per_class=14, seed=9), "classify")
    keep(tmp_path / "e", others, "classify", skill=0.5, seed=1)
    what, hint = refused(here, kept / "a1", tmp_path / "e")
    assert what.endswith("have no image in common (by content: 42, 42 images).")
    assert hint == "Evaluate all of them on one data set: --data DATA."
    few = catalog_of(kept / "data", "classify")
    keep(tmp_path / "few", few.take(np.array([0, 1, 2, 15, 16, 30, 31, 32, 33])), "classify", skill=0.5, seed=1)
    what, _ = refused(here, kept / "a1", tmp_path / "few")
    assert what.endswith("have only 9 images in common; a comparison needs at least 10.")


def test_names_do_not_matter_but_labels_do(here: Command, kept: Path, tmp_path: Path) -> None:
    for image in sorted((kept / "data").rglob("*.png")):
        place = tmp_path / "renamed" / image.parent.name / f"x{image.name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(image.read_bytes())
    keep(tmp_path / "e", catalog_of(tmp_path / "renamed", "classify"), "classify", skill=0.5, seed=1)
    assert len(compare(kept / "a1", tmp_path / "e").common) == 42
    moved = tmp_path / "renamed" / "class0" / "x000.png"
    moved.rename(tmp_path / "renamed" / "class1" / "y000.png")
    keep(tmp_path / "f", catalog_of(tmp_path / "renamed", "classify"), "classify", skill=0.5, seed=1)
    what, _ = refused(here, kept / "a1", tmp_path / "f")
    assert "1 image of 42 have other labels in one than in the other: class0/000.png." in what


def test_what_is_no_side(here: Command, kept: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "metrics.json").write_text("{}")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "metrics.json").write_text('{"task": "sequence"}')
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "predictions.jsonl").write_text("{")
    for arguments, expected in (
        ((kept / "a1",), "There is only one side to compare."),
        ((kept / "a1", "nowhere"), "nowhere: no such run or evaluation."),
        ((kept / "a1", tmp_path / "empty"), "there are no predictions in this folder."),
        ((kept / "a1", tmp_path / "old"), "was written by an earlier Foveal, so it has no predictions.jsonl."),
        ((kept / "a1", tmp_path / "text"), "of the task sequence no predictions are kept"),
        ((kept / "a1", tmp_path / "text" / "metrics.json"), "is a file; what was predicted is in the folder"),
        ((kept / "a1", tmp_path / "broken"), "predictions.jsonl: damaged"),
        ((kept / "a1", kept / "b1", "--metric", "mAP"), "There is no metric 'mAP' here."),
        ((kept / "a1", kept / "b1", "--split", "test"), "its predictions are of val, not of test."),
        ((kept / "a1", kept / "b1", "--margin", "0"), "A margin of 0 is not above 0."),
    ):
        assert expected in refused(here, *arguments)[0], arguments


def test_a_run_is_on_one_side_only(here: Command, kept: Path) -> None:
    what, hint = refused(here, f"{kept / 'a1'},{kept / 'a2'}", f"{kept / 'a3'},{kept / 'data' / '..' / 'a2'}")
    assert what == f"{kept / 'data' / '..' / 'a2'} is on more than one side."
    assert hint == "Name every run on one side only."
    assert "is on more than one side." in refused(here, kept / "a1", kept / "a1")[0]


@pytest.mark.parametrize("taken", ["config.toml", "runs.toml", "study.toml", "metrics.json", "notes.txt"])
def test_nothing_else_is_overwritten(kept: Path, tmp_path: Path, taken: str) -> None:
    """Nor is anything compared before that is known: the second side is not there."""
    (tmp_path / taken).write_text("")
    (tmp_path / "report.html").write_text("a run's")
    if taken != "notes.txt":
        (tmp_path / "comparison.json").write_text("{}")
    with pytest.raises(RunError, match=r"holds something else than a comparison\."):
        compare(kept / "a1", "nowhere", out=tmp_path)
    assert (tmp_path / "report.html").read_text() == "a run's"


def test_a_comparison_is_replaced_by_one(here: Command, kept: Path, tmp_path: Path) -> None:
    for other, code in (("b1", 0), ("b2", 0)):
        assert here("compare", kept / "a1", kept / other, "--out", tmp_path).code == code
    assert str(kept / "b2") in (tmp_path / "comparison.json").read_text()
    what, hint = refused(here, kept / "a1", kept / "b1", "--out", kept / "a2")
    assert what == f"{kept / 'a2'} holds something else than a comparison."
    assert hint == "Choose another folder with --out."


def test_nothing_is_written_into_a_data_set(here: Command, kept: Path, tmp_path: Path) -> None:
    page = kept / "data" / "class0" / "page"
    for more in ((), ("--data", kept / "data")):
        what, _ = refused(here, kept / "a1", kept / "b1", "--out", page, *more)
        assert what == f"{page} is inside the data set, which must not be changed."
    assert not page.exists()
    run = copied(kept / "a1", tmp_path)
    (run / "config.toml").write_text(f'data.path = "{kept / "data"}"\n')
    (run / "metrics.json").unlink()
    with pytest.raises(RunError, match="is inside the data set"):
        compare(run, kept / "b1", out=page)


def test_a_data_set_that_was_named_from_another_folder_is_not_the_one_here(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copied(kept / "a1", tmp_path)
    document = json.loads((run / "metrics.json").read_text())
    (run / "metrics.json").write_text(json.dumps({**document, "data": "."}))
    monkeypatch.chdir(tmp_path)
    compare(run, kept / "b1", out=tmp_path / "out")
    monkeypatch.chdir(kept / "data")
    with pytest.raises(RunError, match="is inside the data set"):
        compare(run, kept / "b1", out="page")


def test_a_folder_is_named_after_the_sides(
    here: Command, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, run in (("lr-0.05", "a1"), ("lr-0.01", "b1")):
        shutil.copytree(kept / run, name)
    assert here("compare", "lr-0.05", "lr-0.01").code == 0
    assert (tmp_path / "comparisons" / "lr-0.05-vs-lr-0.01" / "comparison.json").is_file()


def test_a_folder_of_runs_is_told_apart_from_one_without(here: Command, kept: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert refused(here, kept, kept / "a1")[1] == f"There are some in folders inside, such as {kept / 'a1'}."
    assert refused(here, tmp_path / "empty", kept / "a1")[1].startswith("Name a run, an evaluation, or a folder of")


def test_another_view_is_a_setting_that_differs(kept: Path, tmp_path: Path) -> None:
    text = (kept / "a1" / "predictions.jsonl").read_text()
    (tmp_path / "predictions.jsonl").write_text(text.replace('"images":42', '"images":42,"viewing":{"flip":true}', 1))
    assert ("inference: flip", ["one view", "yes"]) in compare(kept / "a1", tmp_path).settings


def test_a_run_that_was_moved_is_compared_by_its_own_files(kept: Path, tmp_path: Path) -> None:
    """Another run lies at its old path now, trained on what both are compared on and with other settings."""
    moved, other = tmp_path / "moved", tmp_path / "old"
    text = (kept / "b1" / "predictions.jsonl").read_text()
    for folder, epochs, seen in ((moved, 4, ""), (other, 8, text)):
        folder.mkdir()
        (folder / "config.toml").write_text(f"[train]\nepochs = {epochs}\n")
        (folder / "metrics.csv").write_text(f"epoch,lr\n{epochs},0.1\n")
        (folder / TRAINED_ON).write_text("\n".join(re.findall(r'"content":"(\w+)"', seen)))
    (moved / "predictions.jsonl").write_text(text.replace(f'"run":"{kept / "b1"}"', f'"run":"{other}"', 1))
    (member,) = compare(kept / "a1", moved).sides[1].members
    assert member.settings["train.epochs"] == 4 and member.trained_on == frozenset()
    assert [row["epoch"] for row in member.history] == [4]


def test_predictions_that_were_cut_short_are_not_compared(here: Command, kept: Path, tmp_path: Path) -> None:
    file, lines = tmp_path / "predictions.jsonl", (kept / "a1" / "predictions.jsonl").read_text().splitlines(True)
    file.write_text("".join(lines[:15]))
    assert refused(here, tmp_path, kept / "b1")[0] == f"{file}: damaged (14 of 42 images)."
    file.write_text("".join(['{"foveal_predictions": 1}\n', *lines[1:]]))
    what = f"{file}: damaged (its header has no task, classes, decode, root)."
    assert refused(here, tmp_path, kept / "b1")[0] == what
    file.write_text("".join([lines[0].replace('"images":42,', "").replace('"root":', '"rot":'), *lines[1:]]))
    assert refused(here, tmp_path, kept / "b1")[0] == f"{file}: damaged (its header has no root)."


def test_so_few_runs_say_so_and_stay_within_what_is_possible(here: Command, kept: Path, tmp_path: Path) -> None:
    """Two runs a side that differ much: the interval would reach beyond 1."""
    catalog = catalog_of(kept / "data", "classify")
    for name, skill in (("a1", 0.0), ("a2", 3.0), ("b1", 0.2), ("b2", 3.0)):
        keep(tmp_path / name, catalog, "classify", skill=skill, seed=1)
    a, b = (f"{tmp_path / (one + '1')},{tmp_path / (one + '2')}" for one in "ab")
    done = here("compare", a, b, "--out", tmp_path / "out")
    assert done.code == 0 and "So few runs per side show no difference at all." in done.out, done.out
    document = json.loads((tmp_path / "out" / "comparison.json").read_text())
    ends = {one["metric"]: (one["low"], one["high"]) for one in document["metrics"]}
    assert ends["accuracy"] == (-1, 1) and ends["log_loss"][1] > 1, "only a loss has no bound"
    assert ends["brier"] == (-2, 2)
    assert "(-1.000 to +1.000)" in done.out
    page = (tmp_path / "out" / "report.html").read_text()
    assert "−1.000 to +1.000" in page


def test_a_loss_has_no_largest_difference(here: Command, kept: Path, tmp_path: Path) -> None:
    catalog = catalog_of(kept / "data", "classify")
    for name, skill in (("a1", 0.0), ("a2", 3.0), ("b1", 0.2), ("b2", 3.0)):
        keep(tmp_path / name, catalog, "classify", skill=skill, seed=1)
    a, b = (f"{tmp_path / (one + '1')},{tmp_path / (one + '2')}" for one in "ab")
    done = here("compare", a, b, "--metric", "log_loss", "--out", tmp_path / "out")
    seen = json.loads((tmp_path / "out" / "comparison.json").read_text())["pairs"][0]["smallest_visible"]
    assert seen > 1 and f"Smallest difference visible here: about {seen:.3f}." in done.out, done.out


def test_a_side_of_many_runs_may_be_longer_than_a_name(kept: Path) -> None:
    many = ",".join([str(kept / "a2"), *(f"run-{k}" for k in range(100))])
    with pytest.raises(DataError, match=r"^run-0: no such run or evaluation\."):
        compare(kept / "a1", many)


def test_what_was_fitted_is_told_of_every_run(kept: Path, tmp_path: Path) -> None:
    for name, temperature in (("a1", 0.5), ("a2", 0.75), ("b1", 0.5)):
        (tmp_path / name).mkdir()
        text = (kept / name / "predictions.jsonl").read_text()
        text, count = re.subn(r'"temperature":[\d.]+', f'"temperature":{temperature}', text, count=1)
        assert count == 1
        (tmp_path / name / "predictions.jsonl").write_text(text)
    done = compare([tmp_path / "a1", tmp_path / "a2"], tmp_path / "b1")
    assert ("inference: temperature", ["0.5, 0.75", "0.5"]) in done.settings


def test_images_that_are_gone_are_told(kept: Path, tmp_path: Path) -> None:
    catalog = catalog_of(write_squares(tmp_path / "data", per_class=6), "classify")
    for name, skill in (("a", 0.0), ("b", 2.0)):
        keep(tmp_path / name, catalog, "classify", skill=skill, seed=1)
    for image in (tmp_path / "data").rglob("*.png"):
        image.unlink()
    compare(tmp_path / "a", tmp_path / "b", out=tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "cannot be shown: the file is gone, or has changed." in page
