"""The fewest layers in float are found by halving, with few evaluations."""

import pytest

from foveal.deploy.int8.fewest import Attempt, fewest


@pytest.mark.parametrize("most", [0, 1, 2, 31, 40])
def test_the_fewest_that_are_enough(most: int) -> None:
    for needed in range(most + 3):
        tried: list[int] = []

        def put(num_float: int, needed: int = needed, tried: list[int] = tried) -> Attempt:
            tried.append(num_float)
            return Attempt(num_float, b"", {}, allowed=num_float >= needed)

        found = fewest(put, most)
        assert found.allowed == (needed <= most)
        assert found.num_float == min(needed, most)
        assert len(tried) == len(set(tried)) <= 8
        if needed == 0:
            assert tried == [0], "nothing is evaluated that need not be"
