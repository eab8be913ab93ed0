import json

import numpy as np
import pytest
from PIL import Image

from foveal.cli.commands.data import app
from foveal.errors import CheckFailedError, ConfigError, DataError


@pytest.fixture
def folder(tmp_path):
    """Two classes of two images."""
    generator = np.random.default_rng(0)
    for name in ("a/0", "a/1", "b/0", "b/1"):
        path = tmp_path / "set" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (20, 24, 3), dtype=np.uint8)).save(path)
    return tmp_path / "set"


def call(*arguments):
    return app([str(a) for a in arguments], exit_on_error=False, result_action="return_value")


def test_inspect_prints_one_json_document(folder, capsys):
    call("inspect", folder, "--json")
    seen = json.loads(capsys.readouterr().out)
    assert seen["images"] == 4 and seen["classes"] == {"a": {"unassigned": 2}, "b": {"unassigned": 2}}


def test_inspect_on_screen(folder, capsys):
    (folder / "a" / "x[bold].jpg").write_text("text")
    call("inspect", folder)
    out = capsys.readouterr().out
    assert "image folder" in out and "5 images" not in out and "a/x[bold].jpg is not an image" in out


def test_check_that_finds_nothing(folder, capsys):
    call("check", folder)
    assert capsys.readouterr().out == "No problems: 4 images decoded and compared.\n"


def test_check_names_what_it_leaves_out(folder, capsys):
    (folder / "a" / "clip.mp4").touch()
    call("check", folder)
    assert capsys.readouterr().err == (
        "note: 1 video left out; extract images with: ffmpeg -i VIDEO -r 1 frames/%06d.jpg: a/clip.mp4.\n"
    )


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_check_that_finds_something(folder, capsys, flags):
    (folder / "a" / "0.png").write_bytes(b"")
    with pytest.raises(CheckFailedError) as caught:
        call("check", folder, *flags)
    assert caught.value.exit_code == 1
    assert caught.value.what == f"{folder}: 1 problem in 4 images."
    out = capsys.readouterr().out
    if flags:
        found = json.loads(out)
        assert found["problems"] == [{"path": "a/0.png", "kind": "unreadable", "message": "is empty (0 bytes)"}]
    else:
        assert out == "unreadable  a/0.png  is empty (0 bytes)\n\n1 unreadable\n"


@pytest.mark.parametrize("flags", [["--augment.rotation-deg=20"], ["--whiten=zca", "--patch=2"]])
def test_preview_writes_an_image(folder, tmp_path, flags, capsys):
    out = tmp_path / "sheets" / "p.png"
    call("preview", folder, "--out", out, "--count=2", "--size=16", *flags)
    with Image.open(out) as sheet:
        assert f"({sheet.width} x {sheet.height} pixels)" in capsys.readouterr().out.replace("\n", " ")


def test_preview_has_the_size_that_training_would_take(folder, boxes, tmp_path, monkeypatch):
    seen = []

    def drawn(*_, size, **__):
        seen.append(str(size))
        return np.zeros((8, 8, 3), np.uint8)

    monkeypatch.setattr("foveal.data.inspection.preview.preview", drawn)
    for path, *flags in ((folder,), (boxes,), (boxes, "--size=96x64")):
        call("preview", path, "--out", tmp_path / "p.png", *flags)
    assert seen == ["128", "448x384", "96x64"]  # images of 24 x 20


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        (["--patch=2"], "--patch is for whitening."),
        (["--whiten=pca", "--augment.hue=0.1"], "Whitening and augmentation are drawn on sheets of their own."),
        (
            ["--augment.mosaic=0.5"],
            "--augment.mosaic is a setting of detect and instance, and the task is classify.",
        ),
    ],
)
def test_preview_ignores_nothing(folder, flags, what):
    with pytest.raises(ConfigError) as caught:
        call("preview", folder, *flags)
    assert caught.value.what == what


def test_preview_leaves_the_data_alone(folder):
    with pytest.raises(ConfigError) as caught:
        call("preview", folder, "--out", folder / "p.png")
    assert caught.value.what == f"--out {folder}/p.png is inside the data set, which must not be changed."
    with pytest.raises(ConfigError) as caught:
        call("preview", folder, "--out", "p.gif")
    assert caught.value.what == "--out p.gif: a preview is an image."


@pytest.fixture
def boxes(tmp_path, folder):
    """A COCO set of two images, one box of which reaches outside."""
    root = tmp_path / "boxes"
    (root / "images").mkdir(parents=True)
    for name in ("a/0", "b/0"):
        (folder / f"{name}.png").rename(root / "images" / f"{name[0]}.png")
    document = {
        "images": [{"id": i, "file_name": f"{c}.png", "width": 24, "height": 20} for i, c in enumerate("ab")],
        "annotations": [
            {"id": 1, "image_id": 0, "category_id": 3, "bbox": [2, 2, 9, 9], "area": 60, "iscrowd": 0},
            {"id": 2, "image_id": 1, "category_id": 3, "bbox": [2, 2, 30, 9], "area": 270, "iscrowd": 0},
        ],
        "categories": [{"id": 3, "name": "x[bold]"}],
    }
    (root / "annotations").mkdir()
    (root / "annotations/instances.json").write_text(json.dumps(document))
    return root


def test_faults_on_screen_and_as_json(boxes, capsys):
    with pytest.raises(CheckFailedError) as caught:
        call("check", boxes)
    assert caught.value.what == f"{boxes}: 1 problem in 2 images."
    assert capsys.readouterr().out == (
        "outside  images/b.png  the box 2, 2, 32, 11 reaches outside the image of 24 x 20"
        " (annotations/instances.json, annotation 2: clipped)\n\n1 outside\n"
    )
    with pytest.raises(CheckFailedError):
        call("check", boxes, "--json")
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert problem == {
        "path": "images/b.png",
        "kind": "outside",
        "message": "the box 2, 2, 32, 11 reaches outside the image of 24 x 20",
        "where": "annotations/instances.json, annotation 2",
        "action": "clipped",
    }


def test_a_line_that_is_no_object_is_listed(folder, tmp_path, capsys):
    root = tmp_path / "yolo"
    for kind in ("images", "labels"):
        (root / kind / "train").mkdir(parents=True)
    (folder / "a/0.png").rename(root / "images/train/a.png")
    (root / "labels/train/a.txt").write_text("0 0.5 0.5 0.1\n0 0.5 0.5 0.5 0.5\n")
    (root / "data.yaml").write_text("train: images/train\nnames: [cat]\n")
    with pytest.raises(CheckFailedError) as caught:
        call("check", root, "--json")
    assert caught.value.exit_code == 1
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["kind"], problem["where"], problem["action"]) == (
        "malformed",
        "labels/train/a.txt, line 1",
        "dropped",
    )
    with pytest.raises(DataError) as stopped:
        call("convert", root, tmp_path / "coco", "--to", "coco", "--bad", "error")
    assert "--data.bad" not in stopped.value.hint, "convert has no such option"


def test_objects_on_screen(boxes, capsys):
    call("inspect", boxes)
    out = capsys.readouterr().out
    for text in ("coco", "1 to 1, median 1", "2 small, 0 medium, 0 large", "1 outside", "x[bold]"):
        assert text in out
    call("inspect", boxes, "--json")
    assert json.loads(capsys.readouterr().out)["objects"]["repairs"] == {"outside": 1}


def test_convert_says_what_has_no_place(boxes, tmp_path, capsys):
    call("convert", boxes, tmp_path / "voc", "--to", "voc", "--link")
    out = capsys.readouterr().out
    assert out.startswith(f"Wrote 2 images with 2 objects to {tmp_path}/voc (voc).\nnote: 1 fault in the annotations")
    assert "object id" in out and "foveal-sidecar.json" in out
    call("convert", tmp_path / "voc", tmp_path / "coco", "--to", "coco", "--json")
    done = json.loads(capsys.readouterr().out)
    assert (done["images"], done["objects"], done["kept"], done["repairs"]) == (2, 2, [], [])
    with pytest.raises(DataError):
        call("convert", boxes, tmp_path / "other", "--to", "voc", "--bad", "error")
    assert not (tmp_path / "other").exists()


def test_convert_that_keeps_everything_says_so(boxes, tmp_path, capsys):
    call("convert", boxes, tmp_path / "coco", "--to", "coco")
    assert capsys.readouterr().out.endswith("The format stores everything.\n")


@pytest.fixture
def masks(tmp_path, folder):
    """An image with a mask of the pixel values 0, 1 and 9."""
    root = tmp_path / "masks"
    for place in ("images", "masks"):
        (root / place).mkdir(parents=True)
    (folder / "a" / "0.png").rename(root / "images" / "a.png")
    ids = np.zeros((20, 24), np.uint8)
    ids[:5], ids[5:10] = 1, 9
    Image.fromarray(ids).save(root / "masks" / "a.png")
    return root


def test_masks_on_screen_and_as_json(masks, capsys):
    call("inspect", masks, "--classes", "road,tree", "--ignore", "9")
    out = capsys.readouterr().out
    for text in ("mask folder", "segment, masks", "25.00% of all pixels", "pixels of", "66.67%", "240"):
        assert text in out
    call("inspect", masks, "--classes=road,tree", "--ignore=9", "--json")
    seen = json.loads(capsys.readouterr().out)
    assert seen["task"] == "segment"
    assert seen["masks"]["pixels"] == {"road": {"unassigned": 240}, "tree": {"unassigned": 120}}
    with pytest.raises(CheckFailedError) as caught:
        call("check", masks, "--classes=road,tree")
    assert caught.value.what == f"{masks} cannot be read, so no image was checked."
    assert caught.value.hint.startswith("Classes: 0 road, 1 tree. Name it with --classes")
    assert capsys.readouterr().out == (
        f"unread  {masks}/masks/a.png: the pixel value 9 is not a class"
        " (120 pixels, the first at x 0, y 5).\n\n1 unread\n"
    )
    call("check", masks, "--classes=road,tree", "--ignore=9")
    assert capsys.readouterr().out == "No problems: 1 image decoded and compared.\n"


def test_a_fault_that_stops_the_reading_is_found(masks, folder, capsys):
    Image.new("L", (9, 9)).save(masks / "masks" / "a.png")
    with pytest.raises(CheckFailedError) as caught:
        call("check", masks, "--json")
    assert caught.value.exit_code == 1
    assert caught.value.hint == "Save each mask at its image's size, resized by nearest neighbour."
    message = f"{masks}/masks/a.png: 9 x 9 pixels; the image images/a.png has 24 x 20."
    assert json.loads(capsys.readouterr().out) == {
        "path": str(masks),
        "images": None,
        "problems": [{"path": "", "kind": "unread", "message": message}],
    }
    (masks / "classes.txt").write_text("1 road\ntree\n2\n")
    with pytest.raises(CheckFailedError):
        call("check", masks)
    (folder / "b" / "0.png").unlink()
    (folder / "b" / "1.png").unlink()
    with pytest.raises(CheckFailedError, match="cannot be read"):
        call("check", folder)
    assert "has only one class, 'a'" in capsys.readouterr().out


def test_what_is_no_data_set_is_no_finding(masks, folder, tmp_path, capsys):
    for path, *flags in (
        [tmp_path / "absent"],
        [folder / "a"],
        [folder, "--ignore=3"],
        [masks, "--classes=absent.txt"],
    ):
        with pytest.raises(DataError) as caught:
            call("check", path, *flags)
        assert caught.value.exit_code == 2
    assert capsys.readouterr().out == ""


def test_a_task_says_what_is_read(boxes, capsys):
    path = boxes / "annotations/instances.json"
    document = json.loads(path.read_text())
    for thing in document["annotations"]:
        thing["segmentation"] = [[2, 2, 11, 2, 11, 11, 2, 11]]
    path.write_text(json.dumps(document))
    call("inspect", boxes, "--json")
    assert json.loads(capsys.readouterr().out)["task"] == "detect"
    call("inspect", boxes, "--json", "--task=segment")
    seen = json.loads(capsys.readouterr().out)
    assert seen["task"] == "segment" and list(seen["masks"]["pixels"]) == ["background", "x[bold]"]
    with pytest.raises(ConfigError, match="Unknown task 'nothing'"):
        call("inspect", boxes, "--task=nothing")


def test_preview_of_masks(masks, tmp_path):
    call("preview", masks, "--out", tmp_path / "p.png", "--count=1", "--size=64")
    with Image.open(tmp_path / "p.png") as sheet:
        assert sheet.width > 5 * 256


def test_check_asks_the_task(here, real_data):
    done = here("data", "check", real_data / "bccd", "--task", "instance")
    assert done.code == 1
    assert "task  " in done.out and "have boxes but no polygons or masks." in " ".join(done.out.split())
    document = json.loads(here("data", "check", real_data / "bccd", "--task", "instance", "--json").out)
    assert [problem["kind"] for problem in document["problems"]] == ["task"]
    assert here("data", "check", real_data / "bccd").code == 0


@pytest.mark.parametrize("task", ["detect", "instance", "segment"])
def test_a_task_that_the_data_cannot_serve_is_an_error(folder, tmp_path, task, capsys):
    kinds = {"segment": "masks or boxes", "instance": "boxes", "detect": "boxes"}
    for command in (("inspect",), ("inspect", "--json"), ("check",), ("check", "--json"), ("preview",)):
        with pytest.raises(DataError) as caught:
            call(command[0], folder, *command[1:], "--task", task)
        assert (caught.value.what, caught.value.hint, caught.value.exit_code) == (
            f"{folder} has no {kinds[task]}: it is an image folder (2 class folders with images) with labels alone.",
            "Choose another task, or a data set that has what this one learns from.",
            2,
        )
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("task", ["detect", "instance"])
def test_masks_are_not_for_objects(masks, task):
    for command in ("inspect", "check"):
        with pytest.raises(DataError, match="has no boxes: it is images with masks"):
            call(command, masks, "--task", task)


def test_the_evidence_is_shown(folder, masks, capsys):
    call("inspect", folder)
    assert "  format   image folder: 2 class folders with images\n" in capsys.readouterr().out
    call("inspect", masks)
    assert "  format   mask folder: masks has masks of images in images\n" in capsys.readouterr().out
    call("inspect", masks, "--json")
    assert json.loads(capsys.readouterr().out)["why"] == "masks has masks of images in images"


def test_folders_and_the_format_that_are_named(masks, tmp_path, capsys):
    (masks / "images").rename(masks / "x")
    (masks / "masks").rename(masks / "y")
    (masks / "z").mkdir()
    Image.new("L", (24, 20)).save(masks / "z" / "a.png")
    for flags in (("--images=x", "--labels=y"), ("--data.images=x", "--data.labels=y"), ("--images=x", "--labels=z")):
        call("inspect", masks, *flags, "--json", "--classes=a,b,c,d,e,f,g,h,i,j")
        pixels = json.loads(capsys.readouterr().out)["masks"]["pixels"]
        assert pixels["b"]["unassigned"] == (0 if "z" in flags[1] else 120), flags
    where = ("--images=x", "--labels=y", "--ignore=9")
    call("check", masks, *where)
    assert capsys.readouterr().out == "No problems: 1 image decoded and compared.\n"
    call("preview", masks, *where, "--out", tmp_path / "p.png", "--count=1", "--size=64")
    (masks / "more").mkdir()
    call("inspect", masks, "--format=mask_folder", *where)
    with pytest.raises(DataError, match=r"--data.labels w: no such file or folder"):
        call("check", masks, "--images=x", "--labels=w")
    with pytest.raises(DataError, match="has semantic masks, which cannot be converted to coco"):
        call("convert", masks, tmp_path / "out", "--to=coco", *where[:2], "--format=mask_folder")
