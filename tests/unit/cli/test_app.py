"""How arguments become values."""

import pytest

from foveal.cli.app import app


def settings(*arguments):
    """What a training is told, besides what it is by default."""
    _, bound, _ = app.parse_args(["train", *arguments], exit_on_error=False, print_error=False)
    given = bound.arguments.get("settings")
    return bound.arguments.get("data"), {} if given is None else given.model_dump(exclude_unset=True)


@pytest.mark.parametrize(
    ("section", "option", "values"),
    [
        ("segment", "losses", ("cross_entropy", "lovasz")),
        ("segment", "loss-weights", (1, 0.5)),
        ("data", "ignore", (1, 9)),
        ("detect", "anchor-octaves", (1, 1.26)),
        ("detect", "anchor-ratios", (0.5, 1, 2)),
        ("instance", "anchor-shapes", (8, 9)),
    ],
)
def test_an_option_takes_several_values(section, option, values):
    said, flag = [str(v) for v in values], f"--{section}.{option}"
    expected = {section: {option.replace("-", "_"): values}}
    assert settings("DATA", flag, *said) == ("DATA", expected)
    assert settings("DATA", *(part for value in said for part in (flag, value))) == ("DATA", expected), "repeated"
    assert settings("DATA", *(f"{flag}={value}" for value in said)) == ("DATA", expected)
    assert settings(flag, *said, "--seed", "3", "DATA") == ("DATA", {"seed": 3, **expected}), "up to the next option"
    assert settings(flag, *said, "--", "DATA") == ("DATA", expected), "or up to two dashes"


def test_an_option_of_one_value_takes_one():
    assert settings("--optim.freeze", "3", "DATA") == ("DATA", {"optim": {"freeze": 3}})
