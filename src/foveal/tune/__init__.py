"""A search for better settings: trials in a folder, and whether the best of them beats the default.

from foveal.tune import tune
done = tune("photos/", time_s=7200)
print(done.decision, done.model)
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from foveal.tune.start import Tuned, join, tune

__all__ = ["Tuned", "join", "tune"]


def __getattr__(name: str) -> object:
    if name in __all__:
        from foveal.tune import start

        return getattr(start, name)
    raise AttributeError(f"module 'foveal.tune' has no attribute {name!r}")
