"""RunConfig: bounds, suggestions, TOML there and back."""

import tomllib
from pathlib import Path

import pytest

from foveal.config.duration import parse_duration
from foveal.config.files import read_recipe, shipped, to_toml
from foveal.config.schema import RunConfig, merge, option_names, parse_config
from foveal.errors import ConfigError
from foveal.tasks.classify.choose import choose, choose_batch_size, choose_epochs, choose_eval_size, choose_train_size
from foveal.tasks.contract import Situation
from foveal.types.settings import Settings
from foveal.types.size import Size


def test_toml_there_and_back() -> None:
    config = parse_config({"seed": 7, "optim": {"lr": 1e-3}, "train": {"epochs": 3}}, where="test")
    assert parse_config(tomllib.loads(to_toml(config)), where="test") == config


def test_unknown_keys_are_named_with_a_suggestion() -> None:
    with pytest.raises(ConfigError) as error:
        parse_config({"optim": {"weight_decy": 0.1}}, where="my.toml")
    assert error.value.what == "my.toml: unknown key 'optim.weight_decy'."
    assert error.value.hint == "Did you mean 'optim.weight_decay'?"


def test_a_key_in_the_wrong_section() -> None:
    with pytest.raises(ConfigError) as error:
        parse_config({"train": {"lr": 0.1}}, where="my.toml")
    assert error.value.what == "my.toml: unknown key 'train.lr'."


def test_a_value_out_of_bounds() -> None:
    with pytest.raises(ConfigError) as error:
        parse_config({"optim": {"lr": -1}}, where="my.toml")
    assert error.value.what == "my.toml: optim.lr = -1 is not allowed: it should be greater than 0."


def test_not_toml(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[optim\nlr = 1")
    with pytest.raises(ConfigError, match="not TOML"):
        read_recipe(path)


def test_no_such_recipe() -> None:
    with pytest.raises(ConfigError) as error:
        read_recipe("fancy")
    assert error.value.what == "fancy: no such recipe."
    assert error.value.hint == "Name a .toml file, or one of: fine_grained, scratch."


def test_every_shipped_recipe_is_valid() -> None:
    assert shipped() == ["fine_grained", "scratch"]
    for name in shipped():
        read_recipe(name)


def test_every_key_has_a_line_of_help() -> None:
    def walk(section: type[Settings]) -> None:
        for name, field in section.model_fields.items():
            assert field.description, f"{section.__name__}.{name} has no help"
            if isinstance(field.annotation, type) and issubclass(field.annotation, Settings):
                walk(field.annotation)

    walk(RunConfig)
    assert "optim.lr" in option_names()


def test_later_layers_win() -> None:
    assert merge({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}}, {"b": 4}) == {"a": {"x": 1, "y": 3}, "b": 4}


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("1.5h", 5400), ("2 min", 120)])
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5m", "0", "5 parsecs"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ConfigError, match="not a duration"):
        parse_duration(text)


def test_chosen_sizes_are_sane() -> None:
    for num in (2, 10, 50, 200, 3000, 100_000, 10_000_000):
        assert 1 <= choose_batch_size(num) <= min(num, 32) or num < 8
        assert 3 <= choose_epochs(num, from_scratch=False) <= 8
    for side in (1, 8, 100, 480, 10_000):
        for small in (False, True):
            used = choose_eval_size(side, small=small).width
            assert used % 16 == 0
            assert choose_train_size(Size.square(used), small=small).width <= used


def test_a_given_eval_size_decides_the_training_size() -> None:
    asked = Situation(500, side_px=480, from_scratch=False, small=False, eval_size=Size.square(128))
    assert (choose(asked).eval_size, choose(asked).size) == (
        Size.square(128),
        choose_train_size(Size.square(128), small=False),
    )
    free = Situation(500, side_px=480, from_scratch=False, small=False)
    assert (choose(free).eval_size, choose(free).size) == (
        Size.square(224),
        choose_train_size(Size.square(224), small=False),
    )
