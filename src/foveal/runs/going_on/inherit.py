"""What a run takes over from the model that ``--model.weights`` names, where nothing else is asked for."""

from collections.abc import Mapping
from typing import Any

from foveal.artifact.card import Card
from foveal.config.schema import RunConfig
from foveal.models.declared import declared
from foveal.runs.identity import near
from foveal.tasks.table import get_spec
from foveal.types.input_spec import InputSpec

ALIKE = 1e-4
"""Means and deviations that differ by less are the same."""


def inherited(config: RunConfig, task: str, card: Card | None) -> dict[str, Any]:
    """Sections of settings from a model's card: its backbone and, for the same task, its input and its head's shape.

    Only settings that ``config`` leaves open; nothing where it names another backbone.
    """
    if card is None or "backbone" not in card.model:
        return {}
    backbone = str(card.model["backbone"])
    named = "backbone" in config.model.model_fields_set
    if named and config.model.backbone.partition(".")[0] != backbone.partition(".")[0]:
        return {}
    sections: dict[str, Any] = {} if named else {"model": {"backbone": backbone}}
    if card.task != task or not isinstance(card.input, InputSpec):
        return sections
    spec = card.input
    values: dict[str, Any] = {"fit": spec.fit, "crop_fraction": spec.crop_fraction, "interpolation": spec.interpolation}
    if config.input.size is None and config.input.eval_size is None:
        values |= {"size": spec.train_size, "eval_size": spec.size}
    kept = get_spec(task).kept(card.own)
    own = {name: kept[name] for name in get_spec(task).shape_settings if kept.get(name) is not None}
    asked = config.own(task).model_fields_set
    if config.input.size not in (None, spec.train_size) or any(name.startswith("anchor") for name in asked):
        own.pop("anchor_shapes", None)  # in pixels of the input
    return {**sections, "input": _open(values, config.input.model_fields_set), task: _open(own, asked)}


def _open(values: Mapping[str, Any], asked: set[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in asked}


def inheritance_notes(config: RunConfig, plain: RunConfig, card: Card | None) -> tuple[str, ...]:
    """What a person should know of a given model's settings and statistics.

    Args:
        config: Complete, as the run will be.
        plain: As it would have been with the task's defaults and without the model.
        card: The model's.
    """
    if card is None or not isinstance(card.input, InputSpec):
        return ()
    weights, own = near(config.model.weights), config.own(config.task)
    kept = [f"backbone {config.model.backbone}"] if config.model.backbone != plain.model.backbone else []
    if plain.input.size is None and card.task == config.task:
        size, eval_size = config.input.size, config.input.eval_size
        kept.append(f"input {size} px" + (f", evaluated at {eval_size} px" if eval_size != size else ""))
    for name, value in own.model_dump().items() if card.task == config.task else ():
        if name in get_spec(config.task).shape_settings and value != getattr(plain.own(config.task), name):
            kept.append(f"{config.task}.{name} {value if name != 'anchor_shapes' else 'as fitted there'}")
    notes = [f"as in {weights}: {', '.join(kept)}"] if kept else []
    known = declared(config.model.backbone)
    same = card.input.whitening is None and _near(card.input.mean, known.mean) and _near(card.input.std, known.std)
    if config.input.normalize == "backbone" and not same:
        notes.append(f"normalised as in {weights}: {_statistics(card.input)}")
    elif config.input.normalize != "backbone":
        notes.append(
            f"normalised by --input.normalize {config.input.normalize};"
            f" {weights} was trained with {_statistics(card.input)}"
        )
    return tuple(notes)


def _near(ours: tuple[float, ...], theirs: tuple[float, ...]) -> bool:
    return all(abs(a - b) < ALIKE for a, b in zip(ours, theirs, strict=True))


def _statistics(spec: InputSpec) -> str:
    if spec.whitening is not None:
        return f"{spec.whitening.kind.upper()} whitening of {spec.whitening.patch} x {spec.whitening.patch} patches"
    mean, std = (" ".join(f"{value:.3f}" for value in values) for values in (spec.mean, spec.std))
    return f"mean {mean}, std {std}"
