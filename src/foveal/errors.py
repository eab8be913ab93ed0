"""Every error a user can meet, in one tree.

FovealError                 what was wrong, and a hint that says what to do; exit code 2
├── ConfigError             an option, a recipe key or a combination of them
├── DataError               a data set, a table, a split
│   ├── ImageError          one image: which file, and why it cannot be read
│   └── CategoryError       a class name or id that is not in the class map
├── ShapeError              arrays whose shapes do not match
├── ArtifactError           a model file that is broken, foreign or too new
├── WeightsError            pretrained weights that are not available or do not fit
├── RunError                a run folder: exists, read-only, full, cannot be resumed
├── TrainingError           training cannot go on, such as a loss that is not finite
├── MissingExtraError       a package that an extra, such as ``foveal[train]``, would bring
└── CheckFailedError          the work was done and a check failed; exit code 1
└── ParityError         an exported file disagrees with the network it came from
"""

from pathlib import Path

from foveal.brief import sentence


class FovealError(Exception):
    """Base of all errors meant for the user.

    Args:
        what: What was wrong: the file, line or field, what was found, what is allowed.
        hint: What to do about it; one line.
    """

    exit_code = 2

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        """Both lines, as the command line prints them."""
        return f"{self.what}\n{self.hint}" if self.hint else self.what

    def __repr__(self) -> str:
        """What was wrong, in one line."""
        return sentence(type(self).__name__, self.what)

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between worker processes without losing the hint."""
        return (_rebuild, (type(self), self.__dict__.copy()))


def _rebuild(kind: type[FovealError], state: dict[str, object]) -> FovealError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    error.args = (state["what"],)
    return error


class ConfigError(FovealError):
    """An option, a recipe key or a combination of them."""


class DataError(FovealError):
    """A data set, a table or a split that cannot be used as it stands."""


class ImageError(DataError):
    """One image that cannot be read.

    Args:
        path: The file, or a name for an image that came as bytes.
        reason: Why it cannot be read, in a few words.
        hint: What to do about it.
    """

    def __init__(self, path: str | Path, reason: str, hint: str = "Replace or remove the file.") -> None:
        super().__init__(f"{path}: {reason}.", hint)
        self.path = str(path)
        self.reason = reason


class CategoryError(DataError):
    """A class name or id that is not in the class map."""


class ShapeError(FovealError):
    """Arrays whose shapes do not match."""


class ArtifactError(FovealError):
    """A model file that is broken, foreign or newer than this Foveal."""


class WeightsError(FovealError):
    """Pretrained weights that are not available or do not fit the network."""


class RunError(FovealError):
    """A run folder that exists, cannot be written or cannot be resumed."""


class TrainingError(FovealError):
    """Training that cannot go on."""


class MissingExtraError(FovealError):
    """A package that only an extra brings.

    Args:
        action: What was asked for, such as ``"train"``.
        package: The package that is missing.
        extra: The extra that brings it.
    """

    def __init__(self, action: str, package: str, *, extra: str = "train") -> None:
        what = "everything" if extra == "train" else "it"
        super().__init__(
            f"To {action}, Foveal needs the package {package!r}, which is not installed.",
            f"Install {what} with: pip install 'foveal[{extra}]'",
        )


class CheckFailedError(FovealError):
    """The work was done and a check failed."""

    exit_code = 1


class ParityError(CheckFailedError):
    """An exported file disagrees with the network it came from."""
