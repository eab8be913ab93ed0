"""What is refused before anything is predicted."""

import json
from pathlib import Path

import pytest
from PIL import Image

from foveal.errors import ConfigError, DataError
from foveal.inference.files import Found
from foveal.inference.outputs import Outputs, stem_id


def found(images: list[Path]) -> Found:
    return Found(list(images), [image.name for image in images])


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """own/a.jpg, own/a.png, own/b.png and own/a-2.png."""
    (tmp_path / "own").mkdir()
    files = [tmp_path / "own" / name for name in ("a.jpg", "a.png", "b.png", "a-2.png")]
    for file in files:
        Image.new("RGB", (4, 4)).save(file)
    return files


@pytest.mark.parametrize(
    ("option", "place", "at", "kind"),
    [
        ("save", "own", 0, "folder"),
        ("masks", "own", 1, "folder"),
        ("csv", "own/b.png", 2, "file"),
        ("coco", "own/a-2.png", 3, "file"),
        ("save", "link", 0, "folder"),
    ],
)
def test_no_input_image_is_overwritten(
    tmp_path: Path, images: list[Path], option: str, place: str, at: int, kind: str
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "own")
    with pytest.raises(ConfigError) as caught:
        Outputs(**{option: tmp_path / place}).prepare(found(images[at : at + 1]))
    assert str(caught.value) == (
        f"--{option} {tmp_path / place} would overwrite the input image {images[at]}.\n"
        f"Choose another {kind} for --{option}."
    )


def test_other_places_are_made_ready(tmp_path: Path, images: list[Path]) -> None:
    new = tmp_path / "new"
    outputs = Outputs(csv=new / "c" / "t.csv", coco=new / "r" / "c.json", save=new / "s", masks=new / "m")
    outputs.prepare(found(images[1:]))
    assert sorted(p.name for p in new.iterdir()) == ["c", "r", "s"], "masks: once it is known that there are some"
    with pytest.raises(ConfigError, match=r"--csv .*/own is a folder, not a file"):
        Outputs(csv=tmp_path / "own").prepare(found(images))


@pytest.mark.parametrize(
    ("names", "image_id"),
    [(("a/1.jpg", "b/1.jpg"), "1"), (("a/0001.jpg", "a/1.png"), "1"), (("a/x.jpg", "b/x.png"), "x")],
)
def test_two_images_of_one_image_id(tmp_path: Path, names: tuple[str, str], image_id: str) -> None:
    files = [Path(name) for name in names]
    with pytest.raises(ConfigError) as caught:
        Outputs(coco=tmp_path / "c.json").prepare(found(files))
    assert str(caught.value) == (
        f"{names[0]} and {names[1]} would have the same image_id in the COCO results: {image_id}.\n"
        "Name their annotation file with --coco-ids, or predict on them separately."
    )
    Outputs(csv=tmp_path / "t.csv").prepare(found(files))


def test_image_ids_of_no_data_set() -> None:
    names = ["000000000139.jpg", "\uff11.jpg", "1.jpg", "\u00b2.jpg", "a1.jpg"]
    assert [stem_id(Path(name)) for name in names] == [139, "\uff11", 1, "\u00b2", "a1"]


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """A data set where 01.png has the id 2, and so on; 03.png is not listed."""
    for i in range(4):
        (tmp_path / "d" / "images").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(tmp_path / "d" / "images" / f"{i:02}.png")
    (tmp_path / "d" / "annotations").mkdir()
    document = {
        "images": [{"id": i + 1, "file_name": f"{i:02}.png", "width": 4, "height": 4} for i in range(3)],
        "annotations": [],
        "categories": [],
    }
    (tmp_path / "d" / "annotations" / "instances.json").write_text(json.dumps(document))
    return tmp_path / "d"


def test_image_ids_are_those_of_the_data_set(tmp_path: Path, coco: Path) -> None:
    images = [coco / "images" / f"{i:02}.png" for i in (1, 2)]
    ready = Outputs(coco=tmp_path / "c.json").prepare(found(images))
    assert list(ready.ids.values()) == [2, 3]
    assert ready.notes == (f"image_id in {tmp_path}/c.json: as {coco}/annotations/instances.json gives it.",)


def test_image_ids_of_a_file(tmp_path: Path, coco: Path) -> None:
    (tmp_path / "copies").mkdir()
    copy = (coco / "images" / "01.png").rename(tmp_path / "copies" / "01.png")
    test = tmp_path / "image_info_test.json"  # lists images alone
    images = json.loads((coco / "annotations" / "instances.json").read_text())["images"]
    test.write_text(json.dumps({"images": images}))
    outputs = Outputs(coco=tmp_path / "c.json", coco_ids=test)
    assert list(outputs.prepare(found([copy])).ids.values()) == [2]
    assert list(Outputs(coco=tmp_path / "c.json").prepare(found([copy])).ids.values()) == [1], "of no data set"


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (True, "{coco}/annotations/instances.json does not list the image {coco}/images/03.png."),
        (
            False,
            "{coco}/annotations/instances.json gives other images their image_id, but does not list"
            " {coco}/images/03.png.",
        ),
    ],
)
def test_an_image_that_the_data_set_does_not_list(tmp_path: Path, coco: Path, given: bool, what: str) -> None:
    outputs = Outputs(coco=tmp_path / "c.json", coco_ids=coco / "annotations" / "instances.json" if given else None)
    with pytest.raises(DataError) as error:
        outputs.prepare(found([coco / "images" / f"{i:02}.png" for i in (1, 3)]))
    assert error.value.what == what.format(coco=coco)


def test_ids_need_a_file(tmp_path: Path, coco: Path) -> None:
    with pytest.raises(ConfigError, match="--coco-ids is for COCO results"):
        Outputs(coco_ids=coco / "annotations" / "instances.json").prepare(found([]))


def test_what_a_killed_command_left_is_named(tmp_path: Path, images: list[Path]) -> None:
    (tmp_path / "t.csv.partial").write_text("path\n")
    notes = Outputs(csv=tmp_path / "t.csv").prepare(found(images)).notes
    assert notes == (f"{tmp_path}/t.csv.partial is from a command that was killed or is still running.",)


def test_the_standard_output_is_known(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/stdout")
    assert Outputs(csv=tmp_path / "link").takes_stdout and Outputs(coco=Path("/dev/fd/1")).takes_stdout
    assert not Outputs(csv=tmp_path / "t.csv", save=tmp_path).takes_stdout
