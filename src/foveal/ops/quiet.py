"""Warnings of the libraries below Foveal, kept from the user while Foveal works; the user's own filters stay."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

LIBRARIES = (
    r"(PIL|torch|torchvision|timm|accelerate|huggingface_hub|tqdm|segmentation_models_pytorch|sklearn|onnx|onnxscript)"
    r"(\.|$)"
)
"""What Foveal calls, as the beginning of a module's name."""
_LOCK = Lock()
_NESTED: list[object] = []
"""The filter, once for each call that is running: ``warnings`` has one list for all threads."""


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore warnings that these libraries raise; other warnings come as ever, and so do these afterwards.

    Unlike ``warnings.catch_warnings`` it may be entered from several threads at once, and is also a decorator.
    """
    with _LOCK:
        if not _NESTED:
            warnings.filterwarnings("ignore", module=LIBRARIES)
        _NESTED.append(_NESTED[0] if _NESTED else warnings.filters[0])
    try:
        yield
    finally:
        with _LOCK:
            ours = _NESTED.pop()
            if not _NESTED:
                with suppress(ValueError):  # somebody reset the filters meanwhile
                    warnings.filters.remove(ours)  # type: ignore[attr-defined]
