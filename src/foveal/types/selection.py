"""Which of a model's predictions are wanted, where that is not left to the model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from numbers import Integral, Real

from foveal.brief import brief
from foveal.errors import ConfigError

OPTIONS = {
    "threshold": "objects, and for classes where an image may have several",
    "max_objects": "objects",
    "only": "objects",
    "top": "classes of full images",
}
"""What each is for."""


@dataclass(frozen=True)
class Selection:
    """Which predictions are given; None or empty: as the model has it.

    Attributes:
        threshold: Score from which an object is shown or a class counts as present, in [0, 1].
        max_objects: Most objects per image, or per tile of it.
        only: Names of the classes whose objects are given.
        top: Number of classes listed per image, best first.
    """

    threshold: float | None = None
    max_objects: int | None = None
    only: Sequence[str] = ()
    top: int | None = None

    __repr__ = brief

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ConfigError: A threshold outside [0, 1], or a number below 1.
        """
        names = (self.only,) if isinstance(self.only, str) else tuple(self.only or ())
        object.__setattr__(self, "only", names)
        t = self.threshold
        if t is not None and not (isinstance(t, Real) and 0 <= t <= 1):
            raise ConfigError(f"A threshold of {t} is out of range.", "Use --threshold 0 to 1.")
        for option in ("max_objects", "top"):
            number = getattr(self, option)
            if number is not None and not (isinstance(number, Integral) and int(number) >= 1):
                flag = flag_of(option)
                raise ConfigError(f"{flag} {number} is not possible.", f"Use {flag} 1 or more.")

    def __iter__(self) -> Iterator[str]:
        """The names of what is given."""
        return (field.name for field in fields(self) if getattr(self, field.name) not in (None, ()))

    def refuse(self, *options: str) -> None:
        """Refuse options that do not concern a model.

        Raises:
            ConfigError: One of them is given.
        """
        for option in self:
            if option in options:
                raise ConfigError(
                    f"{flag_of(option)} is for {OPTIONS[option]}, which this model does not predict.",
                    f"Leave out {flag_of(option)}.",
                )


def flag_of(option: str) -> str:
    """As the command line spells it."""
    return f"--{option.replace('_', '-')}"
