import numpy as np
import pytest
from PIL import Image

from foveal.data.catalog.catalog import UNASSIGNED, Catalog
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.inspection.neighbours import neighbours_alike
from foveal.types.categories import Categories


def write(folder, pictures, name="{}.png") -> Catalog:
    """A data set of one label with an image for each array, numbered without leading zeros."""
    names = [name.format(i) for i in range(len(pictures))]
    for one, pixels in zip(names, pictures, strict=True):
        (folder / one).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / one)
    order = sorted(names)
    return Catalog(
        folder,
        "image_folder",
        "labels",
        Categories(("a", "b")),
        Names.of(order),
        np.full(len(names), UNASSIGNED, np.uint8),
        Ragged.of([(0,)] * len(names)),
    )


def noise(rng, side=32):
    return rng.uniform(0, 255, (side // 8, side // 8, 3)).repeat(8, 0).repeat(8, 1)


def drive(rng, count, *, scenes):
    """Frames of several scenes; each frame differs a little from the one before."""
    pictures = []
    for _ in range(scenes):
        scene = noise(rng)
        for _ in range(count // scenes):
            scene = scene + rng.normal(0, 8, (4, 4, 3)).repeat(8, 0).repeat(8, 1)
            pictures.append(scene)
    return pictures


def test_frames_of_a_video_are_found_in_the_order_of_their_numbers(tmp_path):
    catalog = write(tmp_path, drive(np.random.default_rng(0), 60, scenes=3), "x_{}.png")
    note = neighbours_alike(catalog)
    assert note is not None and note.startswith("Neighbouring images look nearly alike (")
    assert note.endswith(
        "Name what hangs together with --data.groups (evaluate: --groups): a column, 'folder', or a regular expression"
        r" on the path, such as '([^/]*?)\d{0,2}\.\w+$'."
    )


def test_the_rule_that_is_suggested_fits_the_names(tmp_path):
    pictures = drive(np.random.default_rng(0), 20, scenes=2)
    a = write(tmp_path / "1", pictures, "drive-{}.png")
    assert r"'([^/]*?)\d{0,2}\.\w+$'" in str(neighbours_alike(a))
    b = write(tmp_path / "2", pictures[:10], "a/v1/f{}.png")
    c = write(tmp_path / "2", pictures[10:], "a/v2/f{}.png")
    both = Names.of([*(b.names[i] for i in range(10)), *(c.names[i] for i in range(10))])
    joined = Catalog(b.root, b.format, "labels", b.categories, both, a.splits, a.labels)
    assert "'folder'." in str(neighbours_alike(joined))


@pytest.mark.parametrize("count", [6, 60])
def test_independent_images_make_no_note(tmp_path, count):
    rng = np.random.default_rng(0)
    assert neighbours_alike(write(tmp_path, [noise(rng) for _ in range(count)])) is None


def test_photos_from_one_fixture_are_alike_in_any_order_and_make_no_note(tmp_path):
    rng = np.random.default_rng(0)
    fixture = noise(rng)
    pictures = [fixture + rng.normal(0, 15, (4, 4, 3)).repeat(8, 0).repeat(8, 1) for _ in range(60)]
    assert neighbours_alike(write(tmp_path, pictures)) is None


def test_with_groups_there_is_no_note(tmp_path):
    from dataclasses import replace

    catalog = write(tmp_path, drive(np.random.default_rng(0), 60, scenes=3))
    assert neighbours_alike(replace(catalog, groups=Names.of(["g"] * 60))) is None


def test_of_many_images_some_runs_are_read(tmp_path, monkeypatch):
    catalog = write(tmp_path, drive(np.random.default_rng(0), 200, scenes=5))
    read = []
    from foveal.data.inspection import neighbours

    decode = neighbours.decode
    monkeypatch.setattr(neighbours, "decode", lambda path, **o: read.append(path) or decode(path, **o))
    note = neighbours_alike(catalog)
    assert len(read) == 160 and "of 120 pairs compared" in str(note)


def test_images_that_cannot_be_read_are_left_out(tmp_path):
    catalog = write(tmp_path, drive(np.random.default_rng(0), 60, scenes=3))
    (tmp_path / "10.png").write_bytes(b"nothing")
    assert "of 57 pairs compared" in str(neighbours_alike(catalog))
