"""The methods of explanation by name, and which one suits a model."""

from collections.abc import Mapping, Sequence

from foveal.errors import ConfigError
from foveal.explain import attention, cells, masks, occlusion
from foveal.explain.case import Case, Effort, Found, Method
from foveal.inference.backends.contract import EVIDENCE
from foveal.inference.predictor import Predictor
from foveal.types.predictions.subject import Subject

AUTO = "auto"


def has_gradients(predictor: Predictor) -> bool:
    """Whether the network itself is there, and not only what it gives."""
    return hasattr(predictor.backend, "graph")


def needs_gradients(name: str) -> Method:
    """A method of ``explain.gradients``, which imports torch, when it is first called."""

    def call(case: Case, subjects: Sequence[Subject], effort: Effort) -> list[tuple[Subject, Found]]:
        if not has_gradients(case.predictor):
            raise ConfigError(
                f"--method {name} needs gradients, which an exported file does not have.",
                "Explain the run that it was exported from, or use --method rise or occlusion; or cells, where it was"
                " exported with --evidence.",
            )
        from foveal.explain import gradients

        return gradients.METHODS[name](case, subjects, effort)

    return call


METHODS: Mapping[str, Method] = {
    "cam": needs_gradients("cam"),
    "layercam": needs_gradients("layercam"),
    "cells": cells.cells,
    "attention": attention.attention,
    "ig": needs_gradients("ig"),
    "smooth": needs_gradients("smooth"),
    "occlusion": occlusion.occlusion,
    "rise": masks.rise,
}
"""Every method by its name."""


def choose_method(name: str, case: Case) -> str:
    """The method of that name; ``auto`` is cells in an export that has them, cam in torch, else rise.

    Raises:
        ConfigError: No such method.
    """
    if name == AUTO:
        if has_gradients(case.predictor):
            return "cam"
        return "cells" if EVIDENCE in case.arrays else "rise"
    if name not in METHODS:
        raise ConfigError(f"Unknown method {name!r}.", f"Methods: {AUTO}, {', '.join(METHODS)}.")
    return name
