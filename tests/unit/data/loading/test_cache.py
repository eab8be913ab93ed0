import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from foveal.data.loading.cache import DecodedCache, make_cache
from foveal.errors import RunError


def image(seed: int, height: int = 5, width: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("on_disk", [False, True])
def test_what_goes_in_comes_out(tmp_path: Path, on_disk: bool) -> None:
    cache = DecodedCache(3, 10_000, folder=tmp_path if on_disk else None)
    assert cache.get(1) is None
    cache.put(1, image(1))
    cache.put(0, image(0, 9, 2))
    np.testing.assert_array_equal(cache.get(1), image(1))
    np.testing.assert_array_equal(cache.get(0), image(0, 9, 2))
    assert cache.get(2) is None
    assert len(cache) == 2
    assert list(tmp_path.iterdir()) == [], "the file has no name"


def test_when_it_is_full_the_rest_is_decoded_again() -> None:
    cache = DecodedCache(3, 5 * 7 * 3 * 2 + 10)
    for i in range(3):
        cache.put(i, image(i))
    assert len(cache) == 2
    assert cache.get(2) is None
    np.testing.assert_array_equal(cache.get(0), image(0))


def test_an_image_put_twice_takes_room_once() -> None:
    cache = DecodedCache(2, 5 * 7 * 3 * 2)
    with ThreadPoolExecutor(4) as pool:  # as decoding ahead does where an image is also another's companion
        list(pool.map(lambda _: cache.put(0, image(0)), range(16)))
    cache.put(1, image(1))
    assert len(cache) == 2
    np.testing.assert_array_equal(cache.get(0), image(0))


def test_an_image_that_is_being_copied_is_not_there_yet() -> None:
    cache = DecodedCache(1, 1000)
    seen = []

    class Slow(np.ndarray):
        def reshape(self, *shape):
            seen.append((cache.get(0), len(cache)))
            cache.put(0, image(3))
            return np.asarray(self).reshape(*shape)

    cache.put(0, image(2).view(Slow))
    assert seen == [(None, 0)]
    np.testing.assert_array_equal(cache.get(0), image(2))


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_processes_share_it() -> None:
    cache = DecodedCache(2, 10_000)
    child = os.fork()
    if child == 0:
        cache.put(1, image(4))
        os._exit(0)
    os.waitpid(child, 0)
    np.testing.assert_array_equal(cache.get(1), image(4))


def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(RunError) as error:
        make_cache("disk", 5, folder=str(blocked / "cache"), workers=0)
    assert error.value.what == f"{blocked / 'cache'}: the cache cannot be written (Not a directory)."
    assert error.value.hint == "Choose another folder with --data.cache-dir, or --data.cache off."
