"""A run's folder: complete from the first minute, never half-written."""

import csv
import io
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.errors import RunError


class Run:
    """Where a run keeps what it is, what it did and how to go on.

    Attributes:
        folder: The run's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def model(self) -> Path:
        """The model file."""
        return self.folder / "model.safetensors"

    @property
    def config(self) -> Path:
        """The configuration, with every value chosen."""
        return self.folder / "config.toml"

    @property
    def report(self) -> Path:
        """The page."""
        return self.folder / "report.html"

    def create(self, config_toml: str, data: Mapping[str, Any], environment: Mapping[str, Any]) -> None:
        """Make the folder and write what is known before the first batch.

        Raises:
            RunError: The folder exists and is not empty, or cannot be written.
        """
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            name = shlex.quote(str(self.folder))
            raise RunError(
                f"{self.folder}: exists already.",
                f"Go on with it (--resume {name}), remove it, or choose another folder with --out.",
            )
        make_folder(self.folder / "resume")
        self.write_json("data.json", data)
        self.write_json("environment.json", environment)
        write_atomic(self.config, config_toml)

    def write_json(self, name: str, values: object) -> None:
        """Write a JSON file."""
        write_atomic(self.folder / name, json.dumps(values, indent=2, ensure_ascii=False) + "\n")

    def read_json(self, name: str) -> Any:
        """Read a JSON file.

        Raises:
            RunError: Missing or damaged.
        """
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise RunError(f"{self.folder / name}: missing or damaged.", "Start the run anew with --out.") from None

    def write_metrics(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Write metrics.csv, a row an epoch."""
        text = io.StringIO()
        names = list(dict.fromkeys(name for row in reversed(rows) for name in row))
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomic(self.folder / "metrics.csv", text.getvalue())

    def save_state(self, state: Mapping[str, Any]) -> None:
        """Keep the state that ``load_state`` goes on from."""
        buffer = io.BytesIO()
        torch.save(dict(state), buffer)
        write_atomic(self.folder / "resume" / "state.pt", buffer.getvalue())

    def load_state(self) -> dict[str, Any] | None:
        """The last state, or None if the run was stopped before its first.

        Raises:
            RunError: The file is damaged.
        """
        path = self.folder / "resume" / "state.pt"
        if not path.exists():
            return None
        try:
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # torch raises many kinds for a damaged file
            raise RunError(f"{path}: damaged ({type(error).__name__}).", "Start the run anew with --out.") from None
        return state
