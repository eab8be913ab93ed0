"""Libraries are silenced while Foveal works, and nobody else."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from foveal.ops.quiet import quiet


def warn(module: str) -> None:
    warnings.warn_explicit("Corrupt EXIF data", UserWarning, f"{module}.py", 1, module=module)


def test_only_libraries_and_only_within() -> None:
    before = list(warnings.filters)
    with quiet():
        warn("PIL.TiffImagePlugin")
        warn("torch")
        with pytest.warns(UserWarning, match="Corrupt EXIF"):
            warn("torch_of_somebody_else")
        with quiet():
            warn("timm.models")
        warn("timm.models")
    assert list(warnings.filters) == before
    with pytest.warns(UserWarning, match="Corrupt EXIF"):
        warn("PIL.TiffImagePlugin")


def test_threads_leave_the_filters_as_they_were() -> None:
    before, together = list(warnings.filters), Barrier(4)

    @quiet()
    def work() -> None:
        together.wait()
        warn("PIL.Image")

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(work) for _ in range(8)]:
            future.result()
    assert list(warnings.filters) == before
