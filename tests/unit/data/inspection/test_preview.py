import numpy as np
import pytest
import torch
from PIL import Image

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.catalog.objects import Object, Objects
from foveal.data.config import AugmentConfig
from foveal.data.formats.read import read
from foveal.data.inspection import preview as previews
from foveal.data.inspection.preview import LARGE_CELL, choose, image_whitening
from foveal.data.inspection.sheet import GAP, HEAD, MARGIN, SETOFF, TITLE, Row, draw_sheet
from foveal.data.loading.statistics import fit_whitening, sample_images
from foveal.errors import DataError
from foveal.tasks.detect.show import IGNORED
from foveal.tasks.table import bind_task, get_spec, task_for
from foveal.types.categories import Categories
from foveal.types.flags import Flag
from foveal.types.input_spec import InputSpec
from foveal.types.size import Size

SPEC = InputSpec(size=16, train_size=16)


def preview(catalog, config, *, size=16, **options):
    """The sheet of the data set's default task."""
    known = get_spec(task_for(catalog.annotation))
    own = known.settings()
    task = bind_task(known.name, own, known.begin(own, catalog))
    augment = task.augment(config, InputSpec(size=size, train_size=size))
    return previews.preview(catalog, augment, task.draw_target, size=Size.square(size), **options)


def test_preview_is_a_function_of_its_seed(make_tree):
    catalog = read(make_tree({"a": 3, "b": 3}))
    torch.manual_seed(1)
    state = torch.get_rng_state()
    one = preview(catalog, AugmentConfig(), count=2, columns=3, seed=4)
    torch.manual_seed(2)
    assert np.array_equal(one, preview(catalog, AugmentConfig(), count=2, columns=3, seed=4))
    assert not np.array_equal(one, preview(catalog, AugmentConfig(), count=2, columns=3, seed=5))
    torch.manual_seed(1)
    preview(catalog, AugmentConfig(), count=1)
    assert torch.equal(state, torch.get_rng_state()), "torch's random state is the caller's"


@pytest.fixture
def boxed(tmp_path):
    """Four black images of 120 x 60 with an object and a crowd each, at the same places."""
    names = [f"{i}.png" for i in range(4)]
    for file in names:
        Image.new("RGB", (120, 60)).save(tmp_path / file)
    rows = [[Object((20, 10, 50, 40), 0), Object((60, 10, 90, 40), 1, int(Flag.CROWD))]] * 4
    return Catalog(
        root=tmp_path,
        format="made",
        annotation="boxes",
        categories=Categories(("cat", "dog")),
        names=Names.of(names),
        splits=np.zeros(4, np.uint8),
        labels=Ragged.of([[0]] * 4),
        multi_label=True,
        sizes=np.array([[120, 60]] * 4, np.int32),
        objects=Objects.of(rows),
    )


def test_boxes_are_drawn_on_the_original_and_on_samples(boxed):
    config = AugmentConfig(crop_scale=1, horizontal_flip=1)
    sheet = preview(boxed, config, size=128, count=1, columns=1)
    color = boxed.categories.color(0)
    left, right = [], []
    for x, y in np.argwhere((sheet == color).all(-1))[:, ::-1]:
        if y > MARGIN + HEAD + TITLE:  # below the title with its chip
            (left if x < MARGIN + LARGE_CELL else right).append((x, y))
    scale, top = LARGE_CELL / 120, MARGIN + HEAD + TITLE + LARGE_CELL / 4
    corners = np.array([20 * scale, 10 * scale, 50 * scale, 40 * scale])
    assert np.min(left, 0) == pytest.approx((MARGIN + corners[0], top + corners[1]), abs=1.5)
    assert np.max(left, 0) == pytest.approx((MARGIN + corners[2], top + corners[3]), abs=1.5)
    start = MARGIN + LARGE_CELL + GAP + SETOFF
    assert np.min(right, 0) == pytest.approx((start + LARGE_CELL - corners[2], top + corners[1]), abs=2.5)
    assert np.max(right, 0) == pytest.approx((start + LARGE_CELL - corners[0], top + corners[3]), abs=2.5)
    assert (sheet == IGNORED).all(-1).any(), "the crowd is gray"
    assert not (sheet == boxed.categories.color(1)).all(-1).any()


def test_mosaics_and_blends_are_shown(boxed):
    config = AugmentConfig(mosaic=1, box_mixup=1)
    one = preview(boxed, config, count=2, columns=2, seed=1)
    assert np.array_equal(one, preview(boxed, config, count=2, columns=2, seed=1))


def test_real_boxes_are_shown(real_data):
    catalog = read(real_data / "bccd").split("train")
    sheet = preview(catalog, AugmentConfig(mosaic=0.5), size=64, count=2, columns=2)
    for k in catalog.labels[choose(catalog, 1, seed=0)[0]]:
        assert (sheet == catalog.categories.color(int(k))).all(-1).sum() > 50


def test_masks_are_drawn_on_the_original_and_on_samples(make_masks):
    ids = np.zeros((60, 120), np.uint8)
    ids[:, :40], ids[:, 80:] = 1, 255
    root = make_masks({"a": ids}, images="images/{}.png", palette=[(0, 0, 0), (255, 0, 0), *[(9, 9, 9)] * 254])
    Image.new("RGB", (120, 60)).save(root / "images" / "a.png")
    config = AugmentConfig(crop_scale=1, horizontal_flip=1)
    sheet = preview(read(root), config, size=128, count=1, columns=1)
    below = sheet[MARGIN + HEAD + TITLE + LARGE_CELL // 4 + 20 :][: LARGE_CELL // 4]
    red = np.flatnonzero(((below[..., 0] > 90) & (below[..., 1] < 20)).mean(0) > 0.9)
    start = MARGIN + LARGE_CELL + GAP + SETOFF
    original, flipped = red[red < MARGIN + LARGE_CELL], red[red >= start]
    assert (original.min(), original.max()) == pytest.approx((MARGIN, MARGIN + LARGE_CELL / 3), abs=3)
    assert (flipped.min(), flipped.max()) == pytest.approx((start + LARGE_CELL * 2 / 3, start + LARGE_CELL), abs=3)


def test_real_masks_are_shown(real_data):
    catalog = read(real_data / "camvid").split("val")
    one, other = (preview(catalog, AugmentConfig(scale_jitter=2), size=64, count=2, columns=1, seed=s) for s in (0, 1))
    assert not np.array_equal(one, other)


def test_classes_take_turns(make_tree):
    catalog = read(make_tree({"a": 8, "b": 1, "c": 2}))
    shown = [int(catalog.labels[i][0]) for i in choose(catalog, 5, seed=0)]
    assert shown == [0, 1, 2, 0, 2]


def test_nothing_to_show(make_tree):
    catalog = read(make_tree({"a": 1, "b": 1})).take(np.array([], np.int64))
    with pytest.raises(DataError, match="there are no images to show"):
        choose(catalog, 3, seed=0)


@pytest.mark.parametrize("kind", ["pca", "zca"])
def test_whitening_is_shown(make_tree, kind):
    catalog = read(make_tree({"a": 3, "b": 3}))
    whitening = fit_whitening(sample_images(catalog, SPEC), kind=kind, patch=2)
    sheet = image_whitening(catalog, whitening, spec=SPEC, count=2)
    assert sheet.dtype == np.uint8 and sheet.shape[2] == 3 and sheet.shape[0] > 600


def test_cells_stand_where_they_should():
    red = np.full((4, 4, 3), (255, 0, 0), np.uint8)
    sheet = draw_sheet([Row("title", "n" * 500, [red, red])], columns=("one", "two"), cell=50)
    assert (sheet == (255, 0, 0)).all(-1).sum() == 2 * 50 * 50


def test_keys_stand_in_place_of_the_title():
    keys = [("cat", (250, 0, 0)), ("dog", (0, 250, 0)), ("w" * 200, (0, 0, 250))]
    black = np.zeros((4, 4, 3), np.uint8)
    sheet = draw_sheet([Row("title", "note", [black] * 4, keys)], columns=(), cell=100)
    chips = [int((sheet == color).all(-1).sum()) for _, color in keys]
    assert chips == [121, 121, 0], "a name that has no room goes without"
