"""A job: killed at any moment it ends with the same tables; another one never goes on with its parts."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.changes import killed_before_change
from tests.conftest import Once, Outcome
from tests.forks import start

import foveal.jobs.run as jobs
from foveal.cli.app import run
from foveal.jobs.identity import Identity
from foveal.jobs.inputs import write_inputs
from foveal.jobs.items import Item
from foveal.jobs.work import Work
from foveal.process import INTERRUPTED

PER_PART = 16
Call = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "IMAGES_PER_PART", PER_PART)


@pytest.fixture(scope="module")
def images(once: Once, squares: Path) -> Path:
    """36 images and 2 files that are none, in three parts."""

    def make(out: Path) -> None:
        shutil.copytree(squares, out)
        (out / "class0" / "000a.png").write_text("no image")
        (out / "class2" / "zzz.png").write_text("no image")

    return once("job_images", make)


def predict(*arguments: str | Path) -> list[str]:
    return ["predict", *map(str, arguments)]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_killed_before_any_change_of_a_file_it_ends_the_same(
    tmp_path: Path, images: Path, quick_export: Path, suffix: str, here: Call
) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    names = [f"t{suffix}", f"t.bad{suffix}", f"t{suffix}.job.json"]
    expected = tmp_path / "undisturbed"
    expected.mkdir()
    command = predict(quick_export, images, "--out")
    assert here(*command, expected / names[0]).code == 0
    step = 2 if suffix == ".jsonl" else 5  # 1 for all of them
    kills = 0
    for number in range(1, 200, step):
        out = tmp_path / str(number)
        out.mkdir()
        process = start(killed_before_change, number, str(out), PER_PART, [*command, str(out / names[0])])
        process.join()
        kills += process.exitcode == -signal.SIGKILL
        assert here(*command, out / names[0]).code == 0
        assert sorted(p.name for p in out.iterdir()) == sorted(names), f"killed before change {number}"
        for name in names:
            assert (out / name).read_bytes() == (expected / name).read_bytes(), f"{name}, before change {number}"
        if process.exitcode == 0:
            break
    assert kills * step >= 20 and process.exitcode == 0, "every change had its kill"


def test_the_tables_have_each_image_once_in_order(tmp_path: Path, images: Path, quick_export: Path, here: Call) -> None:
    out = tmp_path / "t.jsonl"
    done = here(*predict(quick_export, images, "--out", out))
    assert (done.code, done.err) == (0, "")
    bad_table = tmp_path / "t.bad.jsonl"
    assert done.out == f"  table  {out}  (36 images)\n  bad    {bad_table}  (2 images unreadable)\n"
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    bad = [json.loads(line) for line in bad_table.read_text().splitlines()]
    every = sorted(map(str, images.rglob("*.png")))
    assert [row["path"] for row in rows] == [p for p in every if p[-5] != "z" and p[-5] != "a"]
    assert [(row["path"], row["reason"]) for row in bad] == [
        (str(images / name), "is not an image (starts with b'no image')")
        for name in ("class0/000a.png", "class2/zzz.png")
    ]
    alone = json.loads(here(*predict(quick_export, every[0], "--json")).out)[0]
    assert rows[0] == {
        "path": every[0], "shard": None, "width": 32, "height": 32, "label": alone["classes"][0]["name"],
        "score": pytest.approx(alone["classes"][0]["score"], abs=2e-6),
        "classes": [{**c, "score": pytest.approx(c["score"], abs=2e-6)} for c in alone["classes"]],
    }  # fmt: skip
    again = here(*predict(quick_export, images, "--out", out))
    assert again.err == f"note: {out} has all 38 images already; --fresh predicts again.\n"


@pytest.fixture
def begun(tmp_path: Path, images: Path, quick_export: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job that ended after two parts; its images may be changed."""
    own = tmp_path / "images"
    shutil.copytree(images, own)
    out = tmp_path / "t.jsonl"
    keep = jobs.JobFolder.keep

    def keep_two(self: jobs.JobFolder, number: int, done: object) -> None:
        if len(list(self.folder.glob("*.rows.*"))) == 2:
            raise KeyboardInterrupt
        keep(self, number, done)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(jobs.JobFolder, "keep", keep_two)
        assert run(predict(quick_export, own, "--out", out)) == INTERRUPTED
    return out


def test_after_ctrl_c_it_goes_on(begun: Path, quick_export: Path, here: Call) -> None:
    done = here(*predict(quick_export, begun.parent / "images", "--out", begun, "--batch-size", "5"))
    notes = [f"note: Going on: {count} of 38 images were predicted before.\n" for count in (22, 32)]
    assert done.code == 0 and done.err in notes  # parts of 16, 16 and 6: the threads end two of them
    assert len(begun.read_text().splitlines()) == 36 and not begun.with_name("t.jsonl.parts").exists()


def test_ctrl_c_while_images_are_listed_says_what_is_kept(
    begun: Path, quick_export: Path, here: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    command = predict(quick_export, begun.parent / "images", "--out", begun)
    monkeypatch.setattr(jobs.JobFolder, "list_images", interrupted)
    done = here(*command)
    assert (done.code, done.err) == (
        INTERRUPTED,
        "error: Interrupted.\n  hint: What was predicted before is kept; the same command goes on.\n",
    )


@pytest.mark.parametrize(
    ("change", "options", "what"),
    [
        (None, ["--top", "1"], "--top was not given and is 1"),
        (None, ["--flip"], "--flip was not given and is given"),
        ("new", [], "the images are others (38 images then, 39 now); first of all, {0}/class0/000.jpg is where "
         "{0}/class0/000.png was"),
        ("late", [], "the images are others (38 images then, 39 now); first of all, {0}/zzz/0.png is new"),
        ("touched", [], "the images are others (38 images then, 38 now); first of all, {0}/class1/000.png has changed"),
        ("gone", [], "the images are others (38 images then, 37 now); first of all, {0}/class2/zzz.png is gone"),
    ],
)  # fmt: skip
def test_another_job_does_not_go_on(
    begun: Path, quick_export: Path, here: Call, change: str | None, options: list[str], what: str
) -> None:
    own = begun.parent / "images"
    match change:
        case "new":
            shutil.copy(own / "class0" / "001.png", own / "class0" / "000.jpg")
        case "late":
            (own / "zzz").mkdir()
            shutil.copy(own / "class0" / "001.png", own / "zzz" / "0.png")
        case "touched":
            os.utime(own / "class1" / "000.png", ns=(1, 1))
        case "gone":
            (own / "class2" / "zzz.png").unlink()
    command = predict(quick_export, own, "--out", begun, *options)
    done = here(*command)
    assert done.code == 2
    assert done.err == (
        f"error: {begun}.parts has the parts of another job: {what.format(own)}.\n"
        "  hint: To begin anew, add --fresh; it replaces what is there.\n"
    )
    assert here(*command, "--fresh").code == 0
    refused = here(*predict(quick_export, own / "class1", "--out", begun))
    assert refused.code == 2 and f"{begun} is the table of another job" in refused.err


def test_a_job_that_has_made_nothing_stands_in_no_ones_way(
    tmp_path: Path, squares: Path, quick_export: Path, here: Call
) -> None:
    out = tmp_path / "t.jsonl"
    assert here(*predict(quick_export, squares, "--out", out, "--tile", "16")).code == 2
    done = here(*predict(quick_export, squares, "--out", out))
    assert (done.code, done.err, len(out.read_text().splitlines())) == (0, "", 36)
    command = predict(quick_export, squares, "--out", out, "--tile", "16")
    assert here(*command, "--fresh").code == 2
    assert here(*predict(quick_export, squares, "--out", out, "--top", "1")).code == 2
    assert len(out.read_text().splitlines()) == 36, "the table that is there stays"


def test_the_tables_may_lie_among_the_images(tmp_path: Path, images: Path, quick_export: Path, here: Call) -> None:
    own = tmp_path / "images"
    shutil.copytree(images, own)
    (own / "t.txt").touch()
    command = predict(quick_export, own, "--out", own / "t.jsonl")
    note = f"note: 1 x .txt left out: {own / 't.txt'}.\n"
    assert here(*command).err == note
    assert here(*command).err == f"{note}note: {own / 't.jsonl'} has all 38 images already; --fresh predicts again.\n"


def test_another_model_does_not_go_on(begun: Path, quick_export: Path, here: Call) -> None:
    other = begun.parent / "model.onnx"
    other.write_bytes(quick_export.read_bytes() + b"\x1a\x01x")  # protobuf: another producer_version
    done = here(*predict(other, begun.parent / "images", "--out", begun))
    assert (done.code, done.err.splitlines()[0]) == (
        2,
        f"error: {begun}.parts has the parts of another job: the model's file is another.",
    )


def test_the_model_is_the_file_that_is_run(tmp_path: Path) -> None:
    for name in ("model.safetensors", "model.onnx"):
        (tmp_path / name).write_text(name)
    inputs = write_inputs([Item("0.png")], tmp_path / "list", per_part=4)

    def model(engine: str) -> str:
        return Identity.of(Work(tmp_path, engine=engine), inputs, {}).model

    before = model("auto"), model("onnxruntime")
    (tmp_path / "model.onnx").write_text("exported again")
    assert model("auto") == before[0] and model("onnxruntime") != before[1]


def test_a_table_never_takes_the_place_of_its_input(
    tmp_path: Path, squares: Path, quick_export: Path, here: Call
) -> None:
    first = next(squares.rglob("*.png"))
    lists = [tmp_path / "t.jsonl", tmp_path / "t.bad.jsonl"]
    for file in lists:
        file.write_text(f"{first}\n")
        done = here(*predict(quick_export, f"@{file}", "--out", lists[0], "--fresh"))
        assert (done.code, done.err.splitlines()[0]) == (
            2,
            f"error: @{file}: the table would overwrite its own input.",
        )
        assert file.read_text() == f"{first}\n"


def test_a_name_too_long_for_its_companions_is_refused_at_once(
    tmp_path: Path, squares: Path, quick_export: Path, here: Call
) -> None:
    out = tmp_path / f"{'t' * 239}.jsonl"
    done = here(*predict(quick_export, squares, "--out", out))
    assert (done.code, done.err) == (
        2,
        f"error: {out.name}: the name is too long for a table, beside which tttttttt....parts.done is made.\n"
        "  hint: Make it at least 1 byte shorter.\n",
    )
    assert not list(tmp_path.iterdir())
    assert here(*predict(quick_export, squares, "--out", tmp_path / out.name[1:])).code == 0


def test_a_file_of_the_user_is_never_replaced_unasked(
    tmp_path: Path, squares: Path, quick_export: Path, here: Call
) -> None:
    out, parts = tmp_path / "t.jsonl", tmp_path / "t.jsonl.parts"
    command = predict(quick_export, squares, "--out", out)
    out.write_text("mine")
    done = here(*command)
    assert (done.code, done.err.splitlines()[0]) == (2, f"error: {out}: exists, and no job has written it as it is.")
    assert out.read_text() == "mine" and not parts.exists()
    parts.mkdir()
    (parts / "mine").touch()
    done = here(*command, "--fresh")
    assert (done.code, done.err.splitlines()[0]) == (2, f"error: {parts}: mine is not what a job wrote.")
    (parts / "mine").unlink()
    assert here(*command, "--fresh").code == 0 and len(out.read_text().splitlines()) == 36


def test_two_commands_do_not_write_one_table(begun: Path, quick_export: Path, here: Call) -> None:
    with jobs.JobFolder(begun, jobs.JsonLines()).locked():
        done = here(*predict(quick_export, begun.parent / "images", "--out", begun))
    assert (done.code, done.err.splitlines()[0]) == (2, f"error: {begun}: another command is writing this table.")


def test_no_image_can_be_read(tmp_path: Path, quick_export: Path, here: Call) -> None:
    (tmp_path / "a.jpg").write_text("none")
    done = here(*predict(quick_export, tmp_path / "a.jpg", "--out", tmp_path / "t.jsonl"))
    assert done.code == 1 and (tmp_path / "t.jsonl").read_text() == ""


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--out", "t.csv"], "--out t.csv: no table has this suffix."),
        (["--out", "-"], "--out /dev/stdout is a device or a pipe."),
        (["--out", "t.jsonl", "--csv", "t.csv"], "--out and --csv do not go together."),
        (["--out", "t.jsonl", "--json"], "--out and --json do not go together."),
        (["--fresh"], "--fresh is for a table."),
        (["@list.txt"], "@list.txt: lists of paths are read for a table."),
        (["--ray"], "--ray is for a table."),
        (["--out", "t.jsonl", "--workers", "2"], "--workers is for a Ray cluster."),
        (["--out", "t.jsonl", "--ray", "--workers", "0"], "--workers 0 is not possible."),
    ],
)
def test_options_that_do_not_fit(squares: Path, quick_export: Path, here: Call, options: list[str], what: str) -> None:
    done = here(*predict(quick_export, squares, *options))
    assert (done.code, done.err.splitlines()[0]) == (2, f"error: {what}")


def test_pyarrow_is_not_installed(
    tmp_path: Path, squares: Path, quick_export: Path, here: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = here(*predict(quick_export, squares, "--out", tmp_path / "t.parquet"))
    assert (done.code, done.err) == (
        2,
        "error: To write Parquet files, Foveal needs the package 'pyarrow', which is not installed.\n"
        "  hint: Install it with: pip install 'foveal[jobs]' or, for --out, name a .jsonl file.\n",
    )
    assert not list(tmp_path.iterdir())
