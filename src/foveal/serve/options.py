"""How a server behaves: limits, deadlines, who may use it. No torch."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from foveal.errors import ConfigError
from foveal.imaging.codecs.pillow import MAX_PIXELS

KEY_VARIABLE = "FOVEAL_API_KEY"
MIN_KEY_CHARACTERS = 8
"""A shorter key can be guessed."""
MB = 1_000_000


@dataclass(frozen=True)
class ServeOptions:
    """Limits and access, checked when they are built.

    Attributes:
        max_batch: Most images in one call of the network.
        max_wait_s: Longest that an image waits for others that are being decoded, in seconds.
        queue: Most images of a model that are being decoded, wait or are predicted on; beyond it requests are refused.
        timeout_s: Longest that a request may take, in seconds; a client may ask for less.
        max_body_bytes: Largest body of a request.
        max_pixels: Largest image, checked in its header.
        max_images: Most images in a request.
        api_key: What clients must send; empty: nothing. Never shown.
        cors: Origins of other pages that may use the server; empty: none.
        samples: Images that the page offers.
    """

    max_batch: int = 8
    max_wait_s: float = 0.005
    queue: int = 128
    timeout_s: float = 30.0
    max_body_bytes: int = 32 * MB
    max_pixels: int = 50_000_000
    max_images: int = 64
    api_key: str = field(default="", repr=False)
    cors: Sequence[str] = ()
    samples: Sequence[Path] = ()

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ConfigError: One is out of its bounds; or the key is short.
        """
        bounds: Mapping[str, tuple[float, float, float]] = {
            "--max-batch": (self.max_batch, 1, 1024),
            "--max-wait": (self.max_wait_s * 1000, 0, 10_000),
            "--queue": (self.queue, 1, 100_000),
            "--timeout": (self.timeout_s, 0.01, 3600),
            "--max-mb": (self.max_body_bytes / MB, 0.001, 2000),
            "--max-pixels": (self.max_pixels, 1, MAX_PIXELS),
            "--max-images": (self.max_images, 1, 10_000),
        }
        for option, (value, low, high) in bounds.items():
            if not low <= value <= high:
                raise ConfigError(f"{option} {value:g} is not possible.", f"Use {option} {low:g} to {high:,.0f}.")
        if self.api_key and len(self.api_key) < MIN_KEY_CHARACTERS:
            raise ConfigError(
                f"The API key has fewer than {MIN_KEY_CHARACTERS} characters.",
                "Use a long random one: python -c 'import secrets; print(secrets.token_urlsafe())'",
            )
        if not self.api_key.isascii() or any(c.isspace() or not c.isprintable() for c in self.api_key):
            raise ConfigError("The API key has characters that no HTTP header can hold.", "Use letters and digits.")

    @property
    def most_images(self) -> int:
        """Images that one request may have: never more than the queue takes."""
        return min(self.max_images, self.queue)


def read_key(file: Path | None, environment: Mapping[str, str] = os.environ) -> str:
    """The API key: a file's content, else the environment's; empty if there is none.

    Raises:
        ConfigError: The file cannot be read, or is empty.
    """
    if file is None:
        return environment.get(KEY_VARIABLE, "").strip()
    try:
        key = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(
            f"--api-key {file}: cannot be read ({reason}).", f"Name a file that holds the key, or set {KEY_VARIABLE}."
        ) from None
    if not key:
        raise ConfigError(f"--api-key {file}: is empty.", "Write the key into it.")
    return key
