"""What an open model shows of what it has learnt, from Python."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import foveal
from foveal.errors import ConfigError
from foveal.runs.explain.load import TrainedModel


@pytest.fixture(scope="module")
def model(quick_run: Path) -> Iterator[TrainedModel]:
    with foveal.load(quick_run, device="cpu") as opened:
        yield opened


def pixels_of(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image)


def width_shown(png: bytes | None) -> int:
    assert png is not None
    with Image.open(io.BytesIO(png)) as image:
        return image.width


def test_filters_of_the_runs_own_images_and_of_others(model: TrainedModel, squares: Path, tmp_path: Path) -> None:
    own = model.filters()
    assert len(own) == 32 and own.filters[0].kernel.shape == (3, 3, 3) and not own.notes
    assert Path(own.names[own.filters[0].patches[0].source]).is_relative_to(squares)
    image = pixels_of(squares / "class0" / "000.png")
    other = model.filters(image)
    assert {len(one.patches) for one in other.filters} <= {0, 1} and list(other.names) == ["image 1"]
    assert repr(other).startswith("FilterSheet(32 kernels of 3 x 3 pixels")
    assert width_shown(own._repr_png_()) == own.draw().width > 600
    with Image.open(own.save(tmp_path / "filters.jpg")) as saved:
        assert saved.format == "JPEG"


def test_colours_the_other_way_round(model: TrainedModel, squares: Path) -> None:
    image = pixels_of(squares / "class0" / "000.png")
    turned, same = model.filters([image[..., ::-1]], bgr=True), model.filters([image])
    assert turned.draw().tobytes() == same.draw().tobytes()


def test_filters_of_a_model_from_no_file(model: TrainedModel) -> None:
    sheet = TrainedModel(model.backend).filters()
    assert not sheet.notes and not any(one.patches for one in sheet.filters)


def test_activations(model: TrainedModel, squares: Path, tmp_path: Path) -> None:
    sheet = model.activations(squares / "class1" / "002.png")
    assert [len(stage.maps) for stage in sheet.stages] == [32, 64, 128, 256]
    assert repr(sheet) == "ActivationSheet(4 stages, up to 256 channels)"
    page = sheet.save(tmp_path / "new" / "maps.html").read_text("utf-8")
    assert "002.png" in page and str(squares) not in page
    with Image.open(sheet.save(tmp_path / "maps.png")) as saved:
        assert saved.size == sheet.draw().size
    with pytest.raises(ConfigError, match=r"maps\.txt: \.txt is not an image format that can be written"):
        sheet.save(tmp_path / "maps.txt")


def test_like(model: TrainedModel, squares: Path, tmp_path: Path) -> None:
    names = [squares / "class0" / "001.png", str(squares / "class2" / "004.png")]
    likes = model.like(squares, names, top=3)
    assert [one.name for one in likes.images] == [str(name) for name in names] and likes.split == "train"
    assert all(len(one) == 3 and one[0].likeness >= one[1].likeness for one in likes.images)
    (alone,) = model.like(squares, pixels_of(names[0]), top=3).images
    assert alone.name == "image 1"
    assert [one.path for one in alone.alike] == [one.path for one in likes.images[0].alike]
    with Image.open(alone.save(tmp_path / "like.png")) as saved:
        assert saved.size == alone.draw().size
    assert width_shown(alone._repr_png_()) == alone.draw().width
    with pytest.raises(ConfigError, match="--top 0 lists nothing"):
        model.like(squares, names, top=0)


def test_a_map(model: TrainedModel, squares: Path, tmp_path: Path) -> None:
    sheet = model.map(squares)
    assert sheet.images == len(sheet.points) == 36 and repr(sheet).startswith("MapSheet(36 images, ")
    assert np.abs([one.tsne for one in sheet.points]).max() <= 1
    assert sheet.save(tmp_path / "map.html").read_text("utf-8") == sheet.page
    shown = sheet._repr_html_()
    assert shown.startswith('<iframe srcdoc="') and "<script" not in shown.split("srcdoc=")[0] and shown.count('"') < 20
    with pytest.raises(ConfigError, match=r"map\.png: a page is written, and \.png is none"):
        sheet.save(tmp_path / "map.png")


def test_heads_of_a_model_without_attention(model: TrainedModel, squares: Path) -> None:
    with pytest.raises(ConfigError, match="This model has no attention"):
        model.heads(squares / "class0" / "000.png")


@pytest.mark.slow
def test_an_export_gives_predictions_only(quick_export: Path, squares: Path) -> None:
    with foveal.load(quick_export) as exported, pytest.raises(ConfigError, match="looks into the network"):
        exported.filters()
