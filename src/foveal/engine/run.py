"""The run folder: complete from the start, never half-written."""

import csv
import io
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foveal.artifact.atomic import json_text, make_folder, write_atomic
from foveal.errors import RunError

LEFT_BY_CREATE = {"resume", "data.json", "environment.json", "weights.json"}
"""What ``Run.create`` writes before the configuration."""
BESIDE = re.compile(r"lease\.\d+|trial\.toml")
"""What a study lays into a run's folder before the run begins."""


class Run:
    """The files of a run.

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
    def checkpoint(self) -> Path:
        """The checkpoint to resume from."""
        return self.folder / "resume" / "state.pt"

    @property
    def report(self) -> Path:
        """The report."""
        return self.folder / "report.html"

    def create(
        self,
        config_toml: str,
        data: Mapping[str, object],
        environment: Mapping[str, object],
        weights: Mapping[str, object] | None = None,
    ) -> None:
        """Create the folder and write what is known before the first batch; config.toml comes last and makes it a run.

        Args:
            config_toml: The configuration.
            data: The contents of data.json.
            environment: The contents of environment.json.
            weights: The contents of weights.json: what was taken from a given file; None: none was given.

        Raises:
            RunError: The folder exists and is not empty, or cannot be written.
        """
        if not self._is_free():
            name = shlex.quote(str(self.folder))
            raise RunError(
                f"{self.folder} already exists.",
                f"Resume it (--resume {name}), remove it, or choose another folder with --out.",
            )
        make_folder(self.checkpoint.parent)
        for unfinished in self.folder.glob(".*.tmp"):
            unfinished.unlink()
        self.write_json("data.json", data)
        self.write_json("environment.json", environment)
        if weights is not None:
            self.write_json("weights.json", weights)
        write_atomic(self.config, config_toml)

    def _is_free(self) -> bool:
        """Whether the folder is missing, empty, or holds only what an interrupted ``create`` left."""
        if not self.folder.exists():
            return True
        if not self.folder.is_dir():
            return False
        names = {path.name for path in self.folder.iterdir() if not BESIDE.fullmatch(path.name)}
        if not names:
            return True
        left = {name for name in names if name in LEFT_BY_CREATE or (name.startswith(".") and name.endswith(".tmp"))}
        resume = self.checkpoint.parent
        return left == names and resume.is_dir() and not any(resume.iterdir())

    def write_json(self, name: str, values: object) -> None:
        """Write a JSON file."""
        write_atomic(self.folder / name, json_text(values))

    def read_json(self, name: str) -> Any:
        """Read a JSON file.

        Raises:
            RunError: Missing or damaged.
        """
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise RunError(f"{self.folder / name}: missing or damaged.", "Start a new run with --out.") from None

    def write_metrics(self, rows: Sequence[Mapping[str, float | None]]) -> None:
        """Write metrics.csv, a row per epoch that was evaluated; empty where a score is undefined."""
        text = io.StringIO()
        names = list(dict.fromkeys(name for row in reversed(rows) for name in row))
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomic(self.folder / "metrics.csv", text.getvalue())
