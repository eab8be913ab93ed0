"""What of a prediction is explained: a class, an object or a region. No torch.

Shapes: H W height and width of the image.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from foveal.brief import brief
from foveal.errors import ConfigError
from foveal.types.categories import Categories
from foveal.types.rle import Rle

Kind = Literal["class", "object", "region"]
"""A class of the full image, one detected object, or the pixels that are predicted as one class."""
MOST_SUBJECTS = 10
"""Objects or regions of one image that are explained unless all are asked for."""


@dataclass(frozen=True)
class Subject:
    """One thing that a model predicted for an image, or might have.

    Attributes:
        kind: What it is.
        name: Its class.
        label: The id of its class.
        score: Its score in [0, 1]; of a region, the share of the image that it covers.
        against: The id of the class that it is compared with; None: it stands alone.
        rival: The name of that class.
        number: Of an object, counted from 1 by falling score, as ``predict`` lists them; 0: it has none.
        box: xyxy pixels of the image; None: it has none.
        mask: Of the image's size; None: it has none.
        places: Where in the network's raw outputs it stands; filled in by ``Task.pin``.
    """

    kind: Kind
    name: str
    label: int
    score: float
    against: int | None = None
    rival: str = ""
    number: int = 0
    box: tuple[float, float, float, float] | None = None
    mask: Rle | None = field(default=None, compare=False)
    places: tuple[int, ...] = ()

    __repr__ = brief

    @property
    def title(self) -> str:
        """For a person: ``bees``, ``2 WBC``, ``bees, not ants``."""
        own = f"{self.number} {self.name}" if self.number else self.name
        return f"{own}, not {self.rival}" if self.rival else own


class NoSuchObjectError(ConfigError):
    """An object that one image does not have; the command names the image."""


@dataclass(frozen=True)
class Asked:
    """What a user wants explained; empty: what the model predicts.

    Attributes:
        classes: Names of classes.
        object: The number of an object, counted from 1, or ``all``; None: the best few.
        against: The class that each is compared with.
    """

    classes: Sequence[str] = ()
    object: int | Literal["all"] | None = None
    against: str | None = None

    __repr__ = brief

    def __post_init__(self) -> None:
        """Check the number.

        Raises:
            ConfigError: An object below 1.
        """
        names = (self.classes,) if isinstance(self.classes, str) else tuple(self.classes or ())
        object.__setattr__(self, "classes", tuple(dict.fromkeys(names)))
        if isinstance(self.object, int) and self.object < 1:
            raise ConfigError(f"--object {self.object} is not possible.", "Objects are counted from 1; or: all.")

    def refuse_object(self) -> None:
        """Refuse the number of an object, for models that predict none.

        Raises:
            ConfigError: It is given.
        """
        if self.object is not None:
            raise ConfigError("--object is for models that predict objects.", "Leave it out, or name a --class.")

    def ids(self, categories: Categories) -> list[int]:
        """The named classes.

        Raises:
            CategoryError: An unknown class; the nearest is named.
            ConfigError: A class is to be compared with itself.
        """
        if self.against in self.classes:
            raise ConfigError(f"--against {self.against}: a class is not compared with itself.", "Name another class.")
        return [categories.index(name, where="--class") for name in self.classes]

    def rival(self, categories: Categories) -> int | None:
        """The class that is compared with.

        Raises:
            CategoryError: An unknown class; the nearest is named.
        """
        return None if self.against is None else categories.index(self.against, where="--against")

    def compare(self, subjects: Sequence[Subject], categories: Categories) -> list[Subject]:
        """The subjects beside the rival, where there is one; those of its own class are left out.

        Raises:
            CategoryError: An unknown class.
            ConfigError: The one object asked for is of that class.
        """
        rival = self.rival(categories)
        if rival is None:
            return list(subjects)
        name = categories.names[rival]
        if subjects and isinstance(self.object, int) and all(subject.label == rival for subject in subjects):
            raise ConfigError(
                f"--against {name}: object {self.object} is {name}, and a class is not compared with itself.",
                "Name another class, or another object.",
            )
        return [replace(subject, against=rival, rival=name) for subject in subjects if subject.label != rival]
