import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.errors import RunError
from foveal.tune.space.dimension import Choice, Range, Space

SHARES = st.floats(0, 1)


@given(SHARES)
def test_values_lie_inside_and_are_found_again(share: float) -> None:
    for one in (Range("a", 1e-5, 0.3, log=True), Range("a", 0.0, 0.5), Range("a", 1, 9, whole=True)):
        value = one.at(share)
        assert one.low <= value <= one.high  # type: ignore[operator]
        back = one.share(value)
        assert back is not None and back == pytest.approx(share, abs=0.01 if not one.whole else 0.13)
    choice = Choice("a", ("x", "y", "z"))
    found = choice.share(choice.at(share))
    assert found is not None and choice.at(found) == choice.at(share)


def test_what_lies_outside_has_no_place() -> None:
    assert Range("a", 0.1, 1.0).share(2.0) is None and Choice("a", (1, 2)).share(3) is None
    assert Range("a", 0.1, 1.0).share("no") is None


def test_numbers_can_be_typed() -> None:
    assert [Range("a", 1e-5, 1e-2, log=True).at(share) for share in (0, 0.5, 0.77)] == [1e-05, 0.000316, 0.00204]
    assert [Range("a", 1, 3, whole=True).at(share) for share in (0, 0.4, 0.99, 1)] == [1, 2, 3, 3]


def test_a_space_survives_its_file() -> None:
    space = Space((Range("a.b", 1, 4, whole=True), Choice("c.d", (False, True)), Range("e", 0.1, 1.0, log=True)))
    assert Space.of(space.to_list(), "study.toml") == space
    with pytest.raises(RunError, match=r"study.toml: damaged \(space\)"):
        Space.of([{"key": "a"}], "study.toml")
