"""The base of all configuration sections: frozen, validated, with a line of help per field.

A section lives in ``config.py`` beside the room that reads it and imports no torch; ``config.schema.RunConfig`` puts
the sections together. ``None`` means "chosen from the data when the run starts"; config.toml gets the chosen value.
"""

from pydantic import BaseModel, ConfigDict

from foveal.brief import brief


class Settings(BaseModel):
    """Frozen settings that reject unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    __repr__ = brief
