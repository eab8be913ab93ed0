"""How good a model's explanations are by one method: every measure that the data allows, and the sanity check."""

from collections.abc import Mapping
from dataclasses import dataclass

from foveal.brief import brief
from foveal.explain.case import Effort
from foveal.explain.methods import has_gradients
from foveal.explain.quality.insertion import insert_all
from foveal.explain.quality.measured import Measured
from foveal.explain.quality.mosaic import doubled, mosaics, play, takes
from foveal.explain.quality.places import place_all
from foveal.explain.quality.sample import Samples, with_regions
from foveal.explain.quality.sanity import Check, check_grid, check_samples
from foveal.inference.predictor import Predictor
from foveal.types.progress import Progress, silent

FEWEST_MOSAICS = 2


@dataclass(frozen=True)
class Quality:
    """What was measured of explanations.

    Attributes:
        measures: By name; those of the grid game first.
        sanity: ``random_head`` and ``random_network``; empty: not checked.
        left_out: Why measures are missing, by name.
        images: Images that were measured.
        mosaics: Mosaics of the grid game.
        full: Whether images have their own size in them, rather than half the side.
        none: Maps of the grid game without any evidence.
    """

    measures: Mapping[str, Measured]
    sanity: Mapping[str, Check]
    left_out: Mapping[str, str]
    images: int
    mosaics: int
    full: bool
    none: int

    __repr__ = brief

    @property
    def passed(self) -> bool | None:
        """Whether the sanity check passed; None: it was not made."""
        return all(check.passed for check in self.sanity.values()) if self.sanity else None

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "images": self.images,
            "mosaics": self.mosaics,
            "images_in_mosaics": "full size" if self.full else "half size",
            "maps_without_evidence": self.none,
            "quality": {name: one.to_dict() for name, one in self.measures.items()},
            "sanity": {**{name: one.to_dict() for name, one in self.sanity.items()}, "passed": self.passed},
            "left_out": dict(self.left_out),
        }


def assess(
    predictor: Predictor,
    found: Samples,
    *,
    method: str,
    effort: Effort,
    masks: bool,
    progress: Progress = silent,
) -> Quality:
    """Measure a method on some images.

    Args:
        predictor: The model.
        found: The images.
        method: One of ``explain.methods.METHODS``.
        effort: Of each map; its seed is that of mosaics, random orders, shuffled weights and intervals.
        masks: Whether the ground truth knows places to the pixel.
        progress: Told how far it is.

    Raises:
        ConfigError: A method that this model has not.
    """
    samples = found.samples
    measures, left_out, sanity = dict[str, Measured](), dict[str, str](), dict[str, Check]()
    full = takes(predictor, doubled(samples[0].prepared.shape))
    boards = mosaics(samples, seed=effort.seed, full=full)
    none = 0
    if len(boards) >= FEWEST_MOSAICS:
        game = play(predictor, boards, method, effort, progress=progress)
        measures |= game.measures(effort.seed)
        none = sum(not one.found for one in game.placed)
        if has_gradients(predictor):
            sanity = check_grid(predictor, boards, game, method, effort, progress)
    else:
        classes = any(subject.kind == "class" for one in samples for subject in one.subjects)
        left_out["grid_energy"] = left_out["grid_pointing"] = (
            "The grid game needs more images of at least two classes." if classes else "The grid game is for classes."
        )
        if has_gradients(predictor):
            sanity = check_samples(predictor, samples, method, effort, progress)
    if not has_gradients(predictor):
        left_out["sanity"] = "An exported file has no weights to shuffle; check the run that it was exported from."
    if with_regions(samples):
        measures |= place_all(predictor, samples, method, effort, masks=masks, progress=progress)
    else:
        left_out["pointing"] = left_out["energy_in_box"] = "The data set does not say where its classes are."
    measures |= insert_all(predictor, samples, method, effort, progress=progress)
    played = 0 if "grid_energy" in left_out else len(boards)
    return Quality(measures, sanity, left_out, len(samples), played, full, none)
