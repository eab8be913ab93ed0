"""What all routes share: the models by name, the bodies in memory, whether the server is ending."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from foveal.errors import ConfigError
from foveal.imaging.codecs.pillow import kind_of
from foveal.inference.images import Named
from foveal.serve.bodies import Held
from foveal.serve.models import Live, Models
from foveal.serve.refusals import Refused, busy

T = TypeVar("T")
QUICK_BYTES = 200_000
"""A body up to this size is parsed in the event loop: handing it to a thread takes longer."""


@dataclass
class Service:
    """A server's state.

    Attributes:
        models: The models.
        held: Counts the bytes of bodies.
        closing: Whether it is ending.
    """

    models: Models
    held: Held
    closing: bool = False

    def find(self, name: str) -> Live:
        """A model as it is at this moment.

        Raises:
            Refused: 404.
        """
        live = self.models.live.get(name)
        if live is None:
            known = ", ".join(self.models.live)
            raise Refused(404, f"No model is called {name[:80]!r}.", f"Models: {known}.")
        return live

    def check_room(self, name: str) -> None:
        """Refuse a request before its body is read if the queue is full.

        Raises:
            Refused: 503.
        """
        if self.find(name).batcher.inside >= self.models.options.queue:
            raise busy("The queue of this model is full.", reason="full")

    async def parse(self, body: bytes, parse: Callable[[], T]) -> T:
        """Parse a body: a large one in a thread."""
        if len(body) <= QUICK_BYTES:
            return parse()
        return await asyncio.get_running_loop().run_in_executor(self.models.threads, parse)

    def read_samples(self) -> list[Named]:
        """The images that the page offers.

        Raises:
            ConfigError: One cannot be read, or is no image.
        """
        samples = []
        for path in self.models.options.samples:
            try:
                content = path.read_bytes()
            except OSError as error:
                raise ConfigError(f"--samples {path}: {error.strerror}.", "Name images.") from None
            if not kind_of(content[:16]):
                raise ConfigError(f"--samples {path}: is no image.", "Name JPEG, PNG or WebP images.")
            samples.append(Named(path.name, content))
        return samples
