"""A worker of a job on a cluster: a process with one model, which predicts the parts it is given."""

import os
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock

from foveal.inference.predictor import Predictor
from foveal.jobs.items import Item
from foveal.jobs.table import Format
from foveal.jobs.work import Done, Work, predict_part
from foveal.ops.machine import CORES


class Worker:
    """Becomes an actor; its methods may be called from several threads at once.

    Args:
        work: The model, and how it predicts.
        form: Makes the format of the table.
        cores: Processor cores it may use.
    """

    def __init__(self, work: Work, form: type[Format], cores: int) -> None:
        os.environ[CORES] = str(cores)
        self._work, self._form = work, form()
        self._predictor: Predictor | None = None
        self._opening = Lock()

    def begin(self) -> str:
        """Open the model.

        Returns:
            The name of the machine.

        Raises:
            ArtifactError: It cannot be opened.
        """
        with self._opening:
            if self._predictor is None:
                self._predictor = self._work.open()
        return socket.gethostname()

    def predict(self, items: Sequence[Item]) -> Done:
        """Predict on the images of a part."""
        self.begin()
        assert self._predictor is not None, "opened"
        return predict_part(self._predictor, self._work, items, self._form)

    def notes(self) -> list[str]:
        """What a user should know about the images so far."""
        return [] if self._predictor is None else self._predictor.notes


def on_shared_disk(work: Work) -> Work:
    """The same work for processes whose current folder is another."""
    return replace(work, model=work.model.resolve(), base=Path.cwd())
