"""Drawing characters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.artifact.card import Card
from foveal.errors import ConfigError
from foveal.inference.streams.contract import State
from foveal.inference.streams.generate import draw, generate
from foveal.types.arrays import Array, FloatArray
from foveal.types.streams.text_spec import TextSpec

SHARES = np.array([0.1, 0.6, 0.05, 0.25])


class Parrot:
    """Says the alphabet in turn; its state is the number of steps it was given."""

    running = "nothing"

    def __init__(self, spec: TextSpec) -> None:
        self.card = Card.model_validate({"task": "sequence", "input": spec, "model": {}, "own": {}, "decode": {}})
        self.size = spec.size

    def begin(self, streams: int) -> State:
        return {"steps": np.zeros(streams)}

    def run(self, steps: Array, state: State) -> tuple[FloatArray, State]:
        return 30.0 * np.eye(self.size)[(steps + 1) % self.size], {"steps": state["steps"] + steps.shape[1]}


@given(at=st.floats(0, 1, exclude_max=True), top_p=st.floats(0.01, 1))
def test_only_the_likeliest_are_drawn(at: float, top_p: float) -> None:
    drawn = draw(np.log(SHARES), temperature=1.0, top_p=top_p, at=at)
    order = np.argsort(-SHARES)
    needed = int(np.searchsorted(SHARES[order].cumsum(), top_p - 1e-12)) + 1
    assert drawn in order[:needed]


def test_shares_and_temperature() -> None:
    places = (np.arange(20_000) + 0.5) / 20_000
    for temperature in (1.0, 0.5):
        drawn = np.bincount([draw(np.log(SHARES), temperature=temperature, top_p=1, at=p) for p in places]) / 20_000
        wanted = SHARES ** (1 / temperature) / (SHARES ** (1 / temperature)).sum()
        np.testing.assert_allclose(drawn, wanted, atol=1e-3)
    assert {draw(np.log(SHARES), temperature=0, top_p=1, at=p) for p in places[::1000]} == {1}


def test_text_goes_on_where_the_prompt_ends() -> None:
    parrot = Parrot(TextSpec.of("abcd", "character"))
    assert "".join(generate(parrot, "ab", length=5)) == "cdabc"
    assert "".join(generate(parrot, length=3)) == "bcd", "after the first letter: it knows no line break"


def test_bytes_become_characters_when_they_are_whole() -> None:
    class Euro(Parrot):
        def run(self, steps: Array, state: State) -> tuple[FloatArray, State]:
            following = {0x0A: 0xE2, 0xE2: 0x82, 0x82: 0xAC, 0xAC: 0xE2}
            return 50.0 * np.eye(256)[[[following[int(s)] for s in row] for row in steps]], state

    assert list(generate(Euro(TextSpec(unit="byte")), length=7)) == ["€", "€", "\ufffd"]


@pytest.mark.parametrize(
    ("option", "what"),
    [
        ({"temperature": -1}, "A temperature of -1 is out of range."),
        ({"top_p": 0}, "A top-p of 0 is out of range."),
        ({"length": 0}, "A length of 0 is not possible."),
    ],
)
def test_options_out_of_their_bounds(option: dict[str, float], what: str) -> None:
    with pytest.raises(ConfigError) as error:
        generate(Parrot(TextSpec.of("ab", "character")), **option)  # type: ignore[arg-type]
    assert error.value.what == what
