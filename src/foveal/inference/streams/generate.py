"""Text that a model writes, character by character. No torch.

Shapes: K characters of the alphabet.
"""

import codecs
from collections.abc import Iterator

import numpy as np

from foveal.errors import ConfigError
from foveal.inference.streams.contract import Stepper
from foveal.types.arrays import FloatArray, IntArray
from foveal.types.streams.text_spec import TextSpec

START = "\n"
"""What a text without a prompt begins after, where the model knows it."""


def generate(
    stepper: Stepper,
    prompt: str = "",
    *,
    temperature: float = 1.0,
    top_p: float = 1.0,
    length: int = 500,
    seed: int = 0,
) -> Iterator[str]:
    """Write on from a prompt.

    Args:
        stepper: A model on text.
        prompt: What is read first; empty: a line break.
        temperature: Logits are divided by it: below 1 the likely becomes likelier; 0 always takes the likeliest.
        top_p: Only the likeliest characters that together have this probability are drawn from (Holtzman et al. 2020).
        length: Characters, or bytes, to write.
        seed: Of what is drawn; the same seed gives the same text.

    Yields:
        The text, piece by piece, without the prompt.

    Raises:
        ConfigError: A value out of its bounds.
        DataError: Characters in the prompt that the model does not know; they are named.
    """
    check_options(temperature=temperature, top_p=top_p, length=length)
    spec = stepper.card.input_as(TextSpec)
    ids = spec.encode(prompt or first_of(spec), where="--prompt")
    return _write(stepper, spec, ids[None], temperature, top_p, length, np.random.default_rng(seed))


def check_options(*, temperature: float, top_p: float, length: int) -> None:
    """Refuse values out of their bounds.

    Raises:
        ConfigError: The message names the option.
    """
    if not 0 <= temperature <= 100:
        raise ConfigError(f"A temperature of {temperature:g} is out of range.", "Use --temperature 0 to 100.")
    if not 0 < top_p <= 1:
        raise ConfigError(f"A top-p of {top_p:g} is out of range.", "Use --top-p above 0, up to 1.")
    if length < 1:
        raise ConfigError(f"A length of {length} is not possible.", "Use --length 1 or more.")


def first_of(spec: TextSpec) -> str:
    """A line break or, where the model knows none, the first character of its alphabet."""
    return START if spec.unit == "byte" or START in spec.alphabet else spec.alphabet[0]


def _write(
    stepper: Stepper,
    spec: TextSpec,
    ids: IntArray,
    temperature: float,
    top_p: float,
    length: int,
    chance: np.random.Generator,
) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    state = stepper.begin(1)
    for step in range(length):
        outputs, state = stepper.run(ids, state)
        drawn = draw(outputs[0, -1], temperature=temperature, top_p=top_p, at=float(chance.random()))
        ids = np.array([[drawn]], np.int64)
        last = step + 1 == length
        text = decoder.decode(bytes([drawn]), final=last) if spec.unit == "byte" else spec.alphabet[drawn]
        if text:
            yield text


def draw(logits: FloatArray, *, temperature: float, top_p: float, at: float) -> int:
    """One of K characters.

    Args:
        logits: (K,).
        temperature: See ``generate``.
        top_p: See ``generate``.
        at: A random number in [0, 1).
    """
    if temperature == 0:
        return int(logits.argmax())
    wide = logits.astype(np.float64) / temperature
    shares = np.exp(wide - wide.max())
    shares /= shares.sum()
    order = np.argsort(-shares, kind="stable")
    sums = shares[order].cumsum()
    kept = sums[: int(np.searchsorted(sums, top_p - 1e-12)) + 1]
    place = int(np.searchsorted(kept, at * kept[-1], side="right"))
    return int(order[min(place, len(kept) - 1)])
