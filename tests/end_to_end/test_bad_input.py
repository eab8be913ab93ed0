"""A user's mistake gets one line of what and one of what to do, exit code 2, and no traceback."""

import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.conftest import Outcome, quick, run_python
from tests.forks import command, start
from tests.scenes import write_squares

Fails = Callable[..., None]


@pytest.fixture
def fails(here: Callable[..., Outcome]) -> Fails:
    """Runs a command and checks both lines of its complaint."""

    def check(*arguments: str | Path, what: str, hint: str) -> None:
        done = here(*arguments)
        assert done.code == 2, done
        assert what in done.err, done.err
        assert hint in done.err, done.err
        assert len(done.err.splitlines()) == 2, done.err

    return check


def test_no_traceback_from_a_real_process(tmp_path: Path) -> None:
    done = run_python("-m", "foveal", "train", str(tmp_path / "absent"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_no_such_folder(fails: Fails, tmp_path: Path) -> None:
    fails(
        "train", tmp_path / "absent",
        what=f"{tmp_path / 'absent'}: no such file or folder.",
        hint=f"The nearest folder that exists is {tmp_path}.",
    )  # fmt: skip


def test_nothing_to_train_on(fails: Fails) -> None:
    fails("train", what="No data set is given.", hint="foveal train IMAGES/")


def test_an_empty_folder(fails: Fails, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    fails(
        "train", tmp_path / "empty",
        what=f"{tmp_path / 'empty'} is an empty folder.",
        hint="Use a folder with one sub-folder of images per class.",
    )  # fmt: skip


def test_one_class_only(fails: Fails, tmp_path: Path) -> None:
    data = write_squares(tmp_path / "squares", classes=1)
    fails(
        "train", data, "--out", tmp_path / "r", *quick(),
        what=f"{data} has only one class, 'class0'; classification needs at least two.",
        hint="Add a folder of images for each class.",
    )  # fmt: skip


def test_two_images(fails: Fails, tmp_path: Path) -> None:
    data = write_squares(tmp_path / "squares", classes=2, per_class=1)
    fails(
        "train", data, "--out", tmp_path / "r", *quick(),
        what="a class needs at least two images, one for training and one for validation; these have one: class0,",
        hint="Add images, or leave the class out.",
    )  # fmt: skip
    assert not (tmp_path / "r").exists()


def test_a_text_file_named_jpg(fails: Fails, tmp_path: Path) -> None:
    data = write_squares(tmp_path / "squares")
    (data / "class0" / "note.jpg").write_text("hello")
    fails(
        "train", data, "--out", tmp_path / "r", *quick(),
        what=f"{data / 'class0' / 'note.jpg'}: is not an image (starts with b'hello').",
        hint="Replace or remove the file.",
    )  # fmt: skip
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("seed", range(3))
def test_bad_images_are_told_before_the_run_is_made(fails: Fails, tmp_path: Path, seed: int) -> None:
    data = write_squares(tmp_path / "squares")
    (data / "class0" / "empty.jpg").write_bytes(b"")
    Image.new("RGB", (64, 64), "red").save(data / "class1" / "cut.jpg")
    (data / "class1" / "cut.jpg").write_bytes((data / "class1" / "cut.jpg").read_bytes()[:640])
    fails(
        "train", data, "--out", tmp_path / "r", *quick(), f"--seed={seed}",
        what=f"{data}: 2 images cannot be read: class0/empty.jpg: is empty (0 bytes), class1/cut.jpg: is truncated.",
        hint=f"`foveal data check {data}` lists all; --skip-bad leaves them out.",
    )  # fmt: skip
    assert not (tmp_path / "r").exists()


def test_a_huge_png(fails: Fails, tmp_path: Path) -> None:
    data = write_squares(tmp_path / "squares")
    Image.new("1", (30_000, 30_000)).save(data / "class0" / "huge.png")
    fails(
        "train", data, "--out", tmp_path / "r", *quick(),
        what=f"{data / 'class0' / 'huge.png'}: is 30000 x 30000 pixels, over the limit of 100,000,000.",
        hint="else shrink it or cut it into parts.",
    )  # fmt: skip


def test_an_image_of_one_pixel_is_an_image(here: Callable[..., Outcome], tmp_path: Path) -> None:
    data = write_squares(tmp_path / "squares")
    Image.new("RGB", (1, 1), "red").save(data / "class0" / "dot.png")
    done = here("train", data, "--out", tmp_path / "r", *quick(epochs=1), "--quiet")
    assert done.code == 0, done
    assert here("predict", tmp_path / "r", data / "class0" / "dot.png", "--json").code == 0


def test_a_class_that_only_val_has(fails: Fails, tmp_path: Path) -> None:
    write_squares(tmp_path / "data" / "train")
    write_squares(tmp_path / "data" / "val", classes=4)
    fails(
        "train", tmp_path / "data", "--out", tmp_path / "r", *quick(),
        what=f"{tmp_path / 'data' / 'val'}: unknown class 'class3'.",
        hint="Known classes: class0, class1, class2.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        (
            "path,lbl\n0.png,a\n1.png,b\n",
            " has no column for labels (label, labels, class, classes, category or target).",
            "Its columns: path, lbl. Did you mean 'label' by 'lbl'?",
        ),
        (
            "path,label\n0.png,a\n9.png,b\n",
            ", line 3: no file '9.png' in ",
            "Paths are relative to the table's folder, or to the folder 'images' in it.",
        ),
        (
            "path,label\n0.png,a\n1.png,b\n0.png,b\n",
            ", line 4: '0.png' is labelled 'b' here and 'a' in line 2.",
            "Keep one line per image; several labels are joined with '|'.",
        ),
    ],
    ids=["missing column", "missing file", "two labels"],
)
def test_faults_of_a_table(fails: Fails, tmp_path: Path, text: str, what: str, hint: str) -> None:
    for i in range(2):
        Image.new("RGB", (8, 8), (90 * i, 0, 0)).save(tmp_path / f"{i}.png")
    table = tmp_path / "labels.csv"
    table.write_text(text)
    fails("train", table, "--out", tmp_path / "r", *quick(), what=f"{table}{what}", hint=hint)


def test_unknown_option(fails: Fails) -> None:
    fails("train", "x", "--epoch", "3", what="Unknown option: --epoch. Did you mean --epochs?", hint="--help")


def test_unknown_recipe_key(fails: Fails, squares: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text("[optim]\nlearning_rate = 0.1\n")
    fails("train", squares, "--config", recipe, what="unknown key 'optim.learning_rate'", hint="hint:")


def test_value_out_of_bounds(fails: Fails, squares: Path) -> None:
    fails("train", squares, "--epochs", "0", what="--epochs 0 is not allowed: it should be", hint="foveal train --help")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--epochs=x"], "--epochs x is not allowed: it takes a whole number."),
        (["--optim.lr=abc"], "--optim.lr abc is not allowed: it should be a valid number"),
        (["--optim.ema-decay=2"], "--optim.ema-decay 2 is not allowed: it should be less than"),
        (["--task=fly"], "--task fly is not allowed: it should be 'auto', 'classify'"),
        (["--device=tpu"], "--device tpu is not allowed: it takes auto, cpu or cuda."),
        (["--epochs"], "--epochs needs a value: it takes a whole number."),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_values_that_an_option_refuses(fails: Fails, arguments: list[str], what: str) -> None:
    fails("train", "x", *arguments, what=what, hint="See `foveal train --help`; an example: foveal train photos/")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["train", "x", "--optim.foo=1"], "error: Unknown option: --optim.foo.\n"),
        (["train", "x", "--optim.lrr", "1"], "Unknown option: --optim.lrr. Did you mean --optim.lr?"),
        (["train", "x", "--optm.lr", "1"], "Unknown option: --optm.lr. Did you mean --optim.lr?"),
        (["train", "x", "--freeze", "1"], "Unknown option: --freeze. Did you mean --optim.freeze?"),
        (
            ["train", "x", "--optim.lr-scale", "1"],
            "Unknown option: --optim.lr-scale. Did you mean --optim.pretrained-lr-scale?",
        ),
        (["--versoin"], "Unknown option: --versoin. Did you mean --version?"),
        (["data", "--hepl"], "Unknown option: --hepl. Did you mean --help?"),
    ],
)
def test_only_what_there_is_is_suggested(fails: Fails, arguments: list[str], what: str) -> None:
    fails(
        *arguments,
        what=what,
        hint=f"See `foveal{(' ' + arguments[0]) * (arguments[0][0] != '-')} --help`; an example: ",
    )


def test_data_behind_several_values(fails: Fails) -> None:
    fails(
        "train", "--data.ignore", "1", "9", "x",
        what="--data.ignore x is not allowed: it should be a valid integer",
        hint="It takes every value up to the next option: name DATA before it.",
    )  # fmt: skip


def test_what_the_machine_refuses(fails: Fails, quick_run: Path) -> None:
    name = "x" * 300
    fails("predict", quick_run, name, what=f"{name}: File name too long.", hint="Check the path and its permissions.")


def test_an_unknown_command(fails: Fails) -> None:
    fails("trian", "x", what="Unknown command: trian. Did you mean train?", hint="--help")


def test_batch_size_larger_than_the_data(fails: Fails, squares: Path, tmp_path: Path) -> None:
    fails(
        "train", squares, "--out", tmp_path / "r", *quick(batch_size=500),
        what="The batch size 500 is larger than the 30 training images.",
        hint="Use --batch-size 30 or less.",
    )  # fmt: skip
    assert not (tmp_path / "r").exists()


def test_a_run_folder_that_exists(fails: Fails, squares: Path, quick_run: Path) -> None:
    before = (quick_run / "model.safetensors").read_bytes()
    fails(
        "train",
        squares,
        "--out",
        quick_run,
        *quick(),
        what=f"{quick_run} already exists.",
        hint=f"--resume {quick_run}",
    )
    assert (quick_run / "model.safetensors").read_bytes() == before


def test_paths_in_hints_can_be_pasted(fails: Fails, squares: Path, tmp_path: Path) -> None:
    folder = tmp_path / "my run"
    folder.mkdir()
    fails("predict", folder, squares, what="no model.safetensors", hint=f"foveal train --resume '{folder}'")
    (folder / "notes.txt").write_text("")
    fails("train", squares, "--out", folder, *quick(), what="already exists.", hint=f"(--resume '{folder}')")


def test_a_read_only_output_folder(fails: Fails, squares: Path, tmp_path: Path) -> None:
    locked = Path("/proc") if os.geteuid() == 0 else tmp_path / "locked"
    if os.geteuid() != 0:
        locked.mkdir()
        locked.chmod(stat.S_IRUSR | stat.S_IXUSR)
    fails(
        "train",
        squares,
        "--out",
        locked / "run",
        *quick(),
        what=f"{locked / 'run'}",
        hint="Choose ",
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_full_output_folder(squares: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk: small files fit, the first state does not."""
    words = ["train", str(squares), "--out", str(tmp_path / "run"), *quick(), "--quiet"]
    process = start(_with_small_files, tmp_path / "err", *words)
    process.join()
    assert process.exitcode == 2
    assert (tmp_path / "err").read_text() == (
        f"error: {tmp_path / 'run' / 'resume' / 'state.pt'}: cannot be written (File too large).\n"
        "  hint: Choose another location.\n"
    )
    assert list((tmp_path / "run" / "resume").iterdir()) == [], "nothing half-written"


def _with_small_files(err: Path, *arguments: str) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    os.dup2(os.open(err, os.O_WRONLY | os.O_CREAT), 2)
    command(*arguments)


def test_memory_that_runs_out_in_training(here: Callable[..., Outcome], squares: Path, tmp_path: Path) -> None:
    """One sentence, what to do, and a run that goes on where there is more."""
    run = tmp_path / "run"
    flags = ["--size=320" if flag.startswith("--size") else flag for flag in quick(epochs=1, batch_size=16)]
    words = ["train", str(squares), "--out", str(run), *flags, "--quiet"]
    process = start(_with_little_memory, tmp_path / "err", *words)
    process.join()
    assert process.exitcode == 2
    assert (tmp_path / "err").read_text() == (
        "error: The memory that ulimit -d allows ran out.\n"
        "  hint: Free some or allow more, or train anew with a smaller --batch-size"
        f" (foveal tune DATA --find batch finds one) or --size. Go on with: foveal train --resume {run}\n"
    )
    assert here("train", "--resume", run, "--quiet").code == 0
    assert (run / "report.html").exists()


def _with_little_memory(err: Path, *arguments: str) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (1_300_000_000, 1_300_000_000))
    os.dup2(os.open(err, os.O_WRONLY | os.O_CREAT), 2)
    command(*arguments)


def test_an_unwritable_cache(fails: Fails, squares: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    fails(
        "train", squares, "--out", tmp_path / "r", *quick(), "--data.cache=disk", f"--data.cache-dir={blocked}/cache",
        what="the cache cannot be written",
        hint="Choose another folder with --data.cache-dir, or --data.cache off.",
    )  # fmt: skip


def test_a_truncated_image_is_named_in_training(fails: Fails, tmp_path: Path) -> None:
    data = write_squares(tmp_path / "squares")
    bad = data / "class1" / "bad.jpg"
    Image.new("RGB", (64, 64), "red").save(bad)
    bad.write_bytes(bad.read_bytes()[:300])
    fails("train", data, "--out", tmp_path / "r", *quick(), what="bad.jpg", hint="Replace or remove the file.")


def test_an_image_damaged_inside_is_named_in_training(fails: Fails, tmp_path: Path) -> None:
    """Its two ends are well, so that only decoding it tells."""
    data = write_squares(tmp_path / "squares")
    bad = data / "class1" / "bad.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(bad)
    content = bad.read_bytes()
    bad.write_bytes(content[:-2000] + content[-2:])
    flags = [flag for flag in quick() if "normalize" not in flag]  # which would meet it before
    fails("train", data, "--out", tmp_path / "r", *flags, what=f"{bad}: is ", hint="Replace or remove the file.")


OUTSIDE = "is inside the data set, which must not be changed."


def test_nothing_is_written_into_the_data(
    fails: Fails, quick_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_squares(tmp_path / "squares")
    before = sorted(data.rglob("*"))
    monkeypatch.chdir(data)
    outside = "Choose a folder outside it with --out."
    fails("train", ".", *quick(), what=f"runs/squares {OUTSIDE}", hint=outside)
    fails("evaluate", quick_run, ".", what=f"evaluations/squares {OUTSIDE}", hint=outside)
    fails(
        "train", data, *quick(), "--out", tmp_path / "r", "--data.cache=disk", "--data.cache-dir=cache",
        what=f"cache {OUTSIDE}", hint="Choose a folder outside it with --data.cache-dir.",
    )  # fmt: skip
    assert sorted(data.rglob("*")) == before


def test_into_the_data_only_where_asked_and_told(here: Callable[..., Outcome], quick_run: Path, tmp_path: Path) -> None:
    data = write_squares(tmp_path / "squares")
    told = "is inside the data set: later commands may read it as part of it."
    done = here("evaluate", quick_run, data, "--out", data / "results")
    assert done.code == 0 and f"{data / 'results'} {told}" in " ".join(done.err.split())
    done = here("train", data, *quick(epochs=1), "--out", data / "class0" / "run")
    assert done.code == 0 and told in " ".join(done.out.split())


def test_beside_a_table_is_fine(here: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_squares(tmp_path / "squares")
    table = data / "labels.csv"
    rows = [f"{path.relative_to(data)},{path.parent.name}" for path in sorted(data.rglob("*.png"))]
    table.write_text("\n".join(["path,label", *rows]))
    monkeypatch.chdir(data)
    done = here("train", table, *quick(epochs=1), "--quiet")
    assert done.code == 0, done.err
    assert (data / "runs" / "labels" / "model.safetensors").exists()


@pytest.mark.parametrize("empty", ["train", "val"])
def test_a_split_without_an_object(fails: Fails, tmp_path: Path, empty: str) -> None:
    data = tmp_path / "coco"
    for split in ("train", "val"):
        folder = data / split
        folder.mkdir(parents=True)
        images, objects = [], []
        for i in range(2):
            Image.new("RGB", (64, 48), (40 * i, 90, 120)).save(folder / f"{i}.png")
            images.append({"id": i, "file_name": f"{i}.png", "width": 64, "height": 48})
            crowd = int(split == empty)
            box = {"bbox": [4, 4, 20, 20], "area": 400, "iscrowd": crowd}
            objects.append({"id": i + 1, "image_id": i, "category_id": 1, **box})
        document = {"images": images, "annotations": objects, "categories": [{"id": 1, "name": "cell"}]}
        (data / "annotations").mkdir(exist_ok=True)
        (data / "annotations" / f"instances_{split}.json").write_text(json.dumps(document))
    fails(
        "train", data, "--out", tmp_path / "run", "--backbone=conv5", "--model.weights=none", "--size=64",
        what=f"all objects in 2 images are ignored ({empty}/0.png ...).",
        hint="Objects marked crowd, difficult or ignored do not count",
    )  # fmt: skip
    assert not (tmp_path / "run").exists()


def test_no_such_model(fails: Fails, tmp_path: Path, squares: Path) -> None:
    fails("predict", tmp_path / "m.onnx", squares, what="no such model", hint="Name a run folder")
    fails("predict", squares, squares, what="no model.safetensors in this folder", hint="foveal train --resume")


def test_no_such_image(fails: Fails, quick_run: Path) -> None:
    fails("predict", quick_run, "absent.jpg", what="absent.jpg: no such file or folder.", hint="Check the path")


def test_an_unknown_class_in_later_data(fails: Fails, quick_run: Path, tmp_path: Path) -> None:
    data = write_squares(tmp_path / "later", classes=4)
    fails("evaluate", quick_run, data, what="'class3'", hint="hint:")


def test_a_split_that_is_not_there(fails: Fails, quick_run: Path, squares: Path, tmp_path: Path) -> None:
    asked = ["evaluate", quick_run, squares, "--out", tmp_path / "e", "--split"]
    fails(*asked, "vall", what="Unknown split 'vall'.", hint="Splits: train, val, test.")
    fails(*asked, "test", what=f"{squares} has no 'test' split.", hint="Its splits: none.")


def test_a_foreign_checkpoint(fails: Fails, tmp_path: Path, squares: Path) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(b"PK\x03\x04")
    fails("predict", path, squares, what="Foveal does not open .pth files", hint="Name a run folder")


@pytest.mark.parametrize("backbone", ["tf_efficientnet_lite9", "resnet1800"])
def test_no_such_backbone(fails: Fails, squares: Path, tmp_path: Path, backbone: str) -> None:
    fails("train", squares, "--out", tmp_path / "r", "--backbone", backbone, what=backbone, hint="hint:")


def test_weights_that_are_not_at_hand(fails: Fails, squares: Path, tmp_path: Path) -> None:
    fails("train", squares, "--out", tmp_path / "r", "--backbone", "resnet18", what="resnet18", hint="--model.")
