"""Images that are left out: those that cannot be read, and no others move for it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from foveal.data.catalog.split import with_splits
from foveal.data.formats.read import read
from foveal.data.inspection.preflight import Skipped, find_bad, split_without, without
from foveal.errors import DataError

Tree = Callable[[dict[str, int]], Path]


def harm(root: Path) -> list[Skipped]:
    """Damage three images in ways that a look at the header and the end may miss."""
    a, b, c = sorted((root / "a").iterdir())[:3]
    content = a.read_bytes()
    a.write_bytes(content[: len(content) // 2])
    b.write_bytes(b"")
    c.write_bytes(b"no image")
    return [
        Skipped(f"a/{a.name}", "is truncated"),
        Skipped(f"a/{b.name}", "is empty (0 bytes)"),
        Skipped(f"a/{c.name}", "is not an image (starts with b'no image')"),
    ]


def test_what_cannot_be_read_is_found_and_the_split_of_the_others_stays(make_tree: Tree) -> None:
    root = make_tree({"a": 12, "b": 10})
    bad = harm(root)
    catalog = read(root)
    assert find_bad(catalog) == bad
    names = {one.path for one in bad}
    whole = with_splits(catalog, val_fraction=0.3, seed=4)
    left = split_without(catalog, names, val_fraction=0.3, seed=4)
    assert list(left.names) == [name for name in whole.names if name not in names]
    assert np.array_equal(
        left.splits, [s for name, s in zip(whole.names, whole.splits, strict=True) if name not in names]
    )


def test_a_file_that_does_not_open_has_no_part_in_the_split(make_tree: Tree) -> None:
    root = make_tree({"a": 6, "b": 6})
    gone = sorted((root / "a").iterdir())[0]
    catalog = read(root)
    gone.unlink()
    gone.symlink_to(root / "nowhere.png")
    (bad,) = find_bad(catalog)
    assert bad.path == f"a/{gone.name}" and bad.reason == "no such file"
    assert len(split_without(catalog, {bad.path}, val_fraction=0.3, seed=4)) == 11


def test_all_bad(make_tree: Tree) -> None:
    root = make_tree({"a": 3, "b": 3})
    catalog = read(root)
    with pytest.raises(DataError) as caught:
        without(catalog, set(catalog.names))
    assert caught.value.what == f"{root}: none of its images can be read."
