"""The views of an image, and one prediction from them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.scenes import exif

from foveal.artifact.card import Card
from foveal.errors import ConfigError, ImageError
from foveal.inference.images import Named, read_image
from foveal.inference.predictor import Predictor
from foveal.inference.views import Viewing, cut_out, predict_views, stream_views
from foveal.types.arrays import RGB, Array
from foveal.types.input_spec import PAD_VALUE, InputSpec
from foveal.types.size import Size
from foveal.types.view import View

viewings = st.builds(
    Viewing,
    tile=st.none() | st.integers(32, 400),
    overlap=st.floats(0, 0.8),
    flip=st.booleans(),
    scales=st.lists(st.sampled_from([0.25, 0.5, 0.8, 1.0, 1.3, 2.0]), min_size=1, max_size=3).map(tuple),
)


class RedSquare:
    """A backend that finds a red square, no sliver, by looking at the pixels it gets; the larger, the surer."""

    def __init__(self) -> None:
        self.card = Card.model_validate(
            {
                "task": "detect",
                "classes": {"names": ["square"]},
                "input": InputSpec(size=64, train_size=64, fit="letterbox", interpolation="bilinear"),
                "model": {},
                "own": {},
                "decode": {},
            }
        )
        self.batches: list[int] = []

    def run(self, images: RGB) -> dict[str, Array]:
        self.batches.append(len(images))
        boxes, scores = np.zeros((len(images), 1, 4), np.float32), np.zeros((len(images), 1), np.float32)
        for place, image in enumerate(images):
            rows, columns = np.nonzero((image[..., 0] > 180) & (image[..., 1] < 110))
            if len(rows) and min(np.ptp(rows), np.ptp(columns)) >= 2:
                boxes[place, 0] = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
                scores[place, 0] = 0.5 + 0.4 * len(rows) / 64**2
        return {"boxes": boxes, "scores": scores, "labels": np.zeros((len(images), 1), np.int64)}


def with_square(x: int, y: int, *, side: int = 20, size: tuple[int, int] = (200, 100)) -> RGB:
    image = np.full((size[1], size[0], 3), 20, np.uint8)
    image[y : y + side, x : x + side] = (250, 10, 10)
    return image


@given(st.integers(1, 900), st.integers(1, 900), st.integers(32, 400), st.floats(0, 0.9))
@settings(deadline=None)
def test_tiles_cover_the_image_and_stay_inside(width: int, height: int, side: int, overlap: float) -> None:
    seen = np.zeros((height, width), bool)
    views = Viewing(side, overlap).views(width, height, whole=False)
    for view in views:
        x1, y1, x2, y2 = view.box
        assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height
        assert x2 - x1 == min(side, width) and y2 - y1 == min(side, height)
        assert not view.flipped
        seen[y1:y2, x1:x2] = True
    assert seen.all()
    assert len(set(views)) == len(views)


@given(viewings, st.integers(1, 300), st.integers(1, 300), st.booleans())
@settings(deadline=None)
def test_whatever_is_asked_for_shows_all_of_it_and_nothing_twice(
    viewing: Viewing, width: int, height: int, whole: bool
) -> None:
    views = viewing.views(width, height, whole=whole)
    seen = np.zeros((height, width), bool)
    for view in views:
        x1, y1, x2, y2 = view.box
        seen[max(y1, 0) : y2, max(x1, 0) : x2] = True
    assert seen.all()
    assert len(set(views)) == len(views)
    plain = [view for view in views if not view.flipped]
    assert [View(view.box, True) for view in plain if viewing.flip] == [view for view in views if view.flipped]
    if whole and any(not view.shows_all((width, height)) for view in views):
        assert views[0] == View((0, 0, width, height))


def test_parts_have_the_proportions_of_the_input() -> None:
    wide = Size(480, 352)
    boxes = [view.box for view in Viewing(tile=240, overlap=0.0).views(480, 352, whole=False, like=wide)]
    assert boxes == [(0, 0, 240, 176), (240, 0, 480, 176), (0, 176, 240, 352), (240, 176, 480, 352)]
    halves = [view.box for view in Viewing(scales=(2.0,), overlap=0.5).views(960, 704, whole=False, like=wide)]
    assert (len(halves), halves[0], halves[-1]) == (9, (0, 0, 480, 352), (480, 352, 960, 704))
    # The input shows 960 x 704 pixels of this image, of which half are left at a scale of 2.
    upright = Viewing(scales=(2.0,), overlap=0.0).views(100, 704, whole=False, like=wide)
    assert [view.box for view in upright] == [(0, 0, 100, 352), (0, 352, 100, 704)]


@given(viewings, st.integers(1, 300), st.integers(1, 300), st.integers(8, 256), st.integers(8, 256))
@settings(deadline=None)
def test_parts_of_any_proportions_show_all_of_it(
    viewing: Viewing, width: int, height: int, across: int, down: int
) -> None:
    seen = np.zeros((height, width), bool)
    for view in viewing.views(width, height, whole=False, like=Size(across, down)):
        x1, y1, x2, y2 = view.box
        seen[max(y1, 0) : y2, max(x1, 0) : x2] = True
    assert seen.all()


def test_neighbours_overlap_as_asked() -> None:
    def boxes(side: int, overlap: float, width: int, height: int) -> list[tuple[int, int, int, int]]:
        return [view.box for view in Viewing(side, overlap).views(width, height, whole=False)]

    assert boxes(100, 0.2, 260, 100) == [(0, 0, 100, 100), (80, 0, 180, 100), (160, 0, 260, 100)]
    assert boxes(100, 0.0, 250, 90) == [(0, 0, 100, 90), (100, 0, 200, 90), (150, 0, 250, 90)]
    assert boxes(640, 0.2, 640, 480) == [(0, 0, 640, 480)]


def test_scales_by_hand() -> None:
    larger = Viewing(scales=(1.0, 1.25))
    assert [view.box for view in larger.views(480, 360, whole=True)] == [
        (0, 0, 480, 360),
        (0, 0, 384, 360),
        (96, 0, 480, 360),
    ]
    assert [view.box for view in Viewing(scales=(0.5,)).views(100, 60, whole=True)] == [(-50, -30, 150, 90)]
    tiles = Viewing(tile=100, overlap=0.0, scales=(0.5, 2.0)).views(200, 50, whole=False)
    assert [view.box for view in tiles] == [(0, 0, 200, 50)] + [(x, 0, x + 50, 50) for x in (0, 50, 100, 150)]


def test_the_whole_comes_first_and_each_view_is_mirrored() -> None:
    views = Viewing(tile=100, overlap=0.0, flip=True).views(200, 100, whole=True)
    boxes = [(0, 0, 200, 100), (0, 0, 100, 100), (100, 0, 200, 100)]
    assert views == [View(box, flipped) for box in boxes for flipped in (False, True)]
    assert Viewing(flip=True).views(30, 20, whole=True) == [View((0, 0, 30, 20)), View((0, 0, 30, 20), True)]


@pytest.mark.parametrize(
    ("changes", "what", "hint"),
    [
        ({"tile": 31}, "Tiles of 31 pixels are too small.", "Use --tile 32 or more."),
        ({"overlap": 0.95}, "Tiles cannot overlap by 0.95.", "Use --overlap 0 to 0.9."),
        ({"overlap": -0.1}, "Tiles cannot overlap by -0.1.", "Use --overlap 0 to 0.9."),
        ({"scales": ()}, "No scale is given.", "Give one or more, such as --scales 1 1.5."),
        ({"scales": (1, 5)}, "A scale of 5 is out of range.", "Use --scales of 0.25 to 4."),
        ({"scales": (0.1,)}, "A scale of 0.1 is out of range.", "Use --scales of 0.25 to 4."),
    ],
)
def test_useless_numbers_are_named(changes: dict[str, object], what: str, hint: str) -> None:
    with pytest.raises(ConfigError) as error:
        Viewing(**changes)  # type: ignore[arg-type]
    assert (error.value.what, error.value.hint) == (what, hint)


@given(st.tuples(*[st.integers(-6, 12)] * 2), st.tuples(*[st.integers(1, 9)] * 2), st.booleans())
@settings(deadline=None)
def test_what_a_view_shows(corner: tuple[int, int], sides: tuple[int, int], flipped: bool) -> None:
    image = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    (x1, y1), (width, height) = corner, sides
    if x1 >= 7 or y1 >= 5 or x1 + width <= 0 or y1 + height <= 0:
        return
    got = cut_out(image, View((x1, y1, x1 + width, y1 + height), flipped))
    for y in range(height):
        for x in range(width):
            u, v = (x1 + width - 1 - x if flipped else x1 + x), y1 + y
            there = 0 <= u < 7 and 0 <= v < 5
            assert got[y, x].tolist() == (image[v, u].tolist() if there else [PAD_VALUE] * 3)


@pytest.mark.parametrize(
    "viewing",
    [
        Viewing(flip=True),
        Viewing(scales=(0.5, 1.0)),
        Viewing(scales=(2.0,), flip=True),
        Viewing(tile=64, overlap=0.5),
        Viewing(tile=64, overlap=0.5, flip=True, scales=(0.75, 1.5)),
    ],
)
@pytest.mark.parametrize(("x", "y"), [(3, 4), (151, 30), (90, 57)])
def test_one_object_is_found_once_where_it_is(viewing: Viewing, x: int, y: int) -> None:
    found = predict_views(Predictor(RedSquare()), with_square(x, y, side=40), viewing)
    assert found.size == (200, 100) and len(found) == 1
    np.testing.assert_allclose(found.boxes[0], [x, y, x + 40, y + 40], atol=1.5 * 200 / 64)  # of the whole's pixels


def test_views_of_several_images_share_batches() -> None:
    backend = RedSquare()
    places = [(10 * i, 5 * i) for i in range(9)]
    predictions = predict_views(Predictor(backend), [with_square(*place) for place in places], Viewing(flip=True))
    assert backend.batches == [18]
    for place, found in zip(places, predictions, strict=True):
        np.testing.assert_allclose(found.boxes[0, :2], place, atol=5)


def test_one_plain_view_goes_the_plain_way(tmp_path: Path) -> None:
    """A large JPEG is decoded at a half or less for it; the predictions are the same to the last bit."""
    path = tmp_path / "large.jpg"
    Image.fromarray(with_square(300, 90, side=180, size=(600, 400))).save(path)
    predictor = Predictor(RedSquare())
    plain = predictor.predict(path)
    for viewing in (None, Viewing(), Viewing(tile=600), Viewing(scales=(1.0, 1.0))):
        seen = predict_views(predictor, path, viewing)
        assert seen.size == (600, 400) and seen.to_dict() == plain.to_dict()
        assert seen.boxes.tolist() == plain.boxes.tolist()


def test_every_kind_of_source(tmp_path: Path) -> None:
    image, path = with_square(151, 30), tmp_path / "p.png"
    Image.fromarray(image).save(path)
    sources = [path, str(path), path.read_bytes(), image, Image.fromarray(image)]
    predictor, viewing = Predictor(RedSquare()), Viewing(tile=64, flip=True)
    wanted = predict_views(predictor, image, viewing).to_dict()
    assert [found.to_dict() for found in predict_views(predictor, sources, viewing)] == [wanted] * 5


@pytest.mark.parametrize("content", [b"no image", b"\xff\xd8\xff\xe0 cut off"])
def test_images_that_cannot_be_read_are_left_out_or_raised(tmp_path: Path, content: bytes) -> None:
    good, bad_file = with_square(20, 30), tmp_path / "bad.png"
    bad_file.write_bytes(content)
    predictor, viewing = Predictor(RedSquare()), Viewing(flip=True)
    bad: dict[int, ImageError] = {}
    predictions = list(stream_views(predictor, [good, bad_file, good], viewing, bad=bad))
    assert len(predictions) == 2 and list(bad) == [1] and bad[1].path == str(bad_file)
    with pytest.raises(ImageError):
        predict_views(predictor, [good, bad_file], viewing)


@given(viewings, st.integers(0, 140), st.integers(0, 40))
@settings(deadline=None, max_examples=25)
def test_nothing_is_found_outside_the_image(viewing: Viewing, x: int, y: int) -> None:
    found = predict_views(Predictor(RedSquare()), with_square(x, y, side=60), viewing)
    assert (found.boxes >= 0).all() and (found.boxes <= [200, 100, 200, 100]).all()
    assert len(found) >= 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("flip", [False, True])
def test_an_image_read_part_by_part_gives_the_same_prediction(kind, flip, tmp_path, monkeypatch):
    from foveal.imaging.codecs import pillow

    path = tmp_path / "large"
    Image.fromarray(with_square(150, 60, size=(300, 200))).save(path, kind, exif=exif(6))
    with Predictor(RedSquare()) as predictor:
        viewing = Viewing(tile=64, overlap=0.5, flip=flip)
        whole = predict_views(predictor, path, viewing)
        monkeypatch.setattr(pillow, "MAX_PIXELS", 1000)
        assert predict_views(predictor, path, viewing).to_dict() == whole.to_dict()
        assert predict_views(predictor, path.read_bytes(), viewing).to_dict() == whole.to_dict()
        named = Named("-", path.read_bytes())
        assert predict_views(predictor, named, viewing).to_dict() == whole.to_dict()
        assert read_image(path).shape == (300, 200, 3)
        with pytest.raises(ImageError, match="over the limit of 1,000"):
            predict_views(predictor, path, Viewing(flip=True))


def test_a_large_image_that_is_damaged_further_down_is_left_out_or_raised(tmp_path, monkeypatch):
    """Its first views are predicted by the time that one cannot be read."""
    from foveal.imaging.codecs import pillow

    good, path = with_square(20, 30), tmp_path / "large.tif"
    Image.fromarray(with_square(150, 60, size=(300, 400))).save(path, compression="tiff_lzw")
    with Image.open(path) as image:
        strips = list(zip(image.tag_v2[273], image.tag_v2[279], strict=True))
    content = bytearray(path.read_bytes())
    for at, length in strips[len(strips) // 2 :]:
        content[at : at + length] = b"\xff" * length
    path.write_bytes(content)
    monkeypatch.setattr(pillow, "MAX_PIXELS", 100_000)
    with Predictor(RedSquare()) as predictor:
        viewing, bad = Viewing(tile=64, overlap=0.0), dict[int, ImageError]()
        alone = [found.to_dict() for found in predict_views(predictor, [good, good], viewing)]
        for batch_size in (1, 3, 100):
            bad.clear()
            found = list(stream_views(predictor, [good, path, good], viewing, batch_size=batch_size, bad=bad))
            assert [one.to_dict() for one in found] == alone and list(bad) == [1] and bad[1].path == str(path)
        with pytest.raises(ImageError, match="damaged"):
            predict_views(predictor, [good, path], viewing)
