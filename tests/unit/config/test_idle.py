"""Settings without a use beside the others are refused."""

from typing import Any

import pytest

from foveal.config.concerns import flat
from foveal.config.idle import check_used, needs
from foveal.config.schema import RunConfig, parse_config
from foveal.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "what", "hint"),
    [
        (
            {"schedule": {"gamma": 0.5}},
            "--schedule.gamma has no use while --schedule.name is cosine.",
            "Leave it out, or set --schedule.name step or plateau.",
        ),
        (
            {"segment": {"focal_gamma": 1.0}},
            "--segment.focal-gamma has no use while --segment.losses is cross_entropy dice.",
            "Leave it out, or set --segment.losses focal.",
        ),
        (
            {"classify": {"pooling": "attention", "attention_heads": 2}},
            "--classify.attention-heads has no use while --classify.pooling is attention.",
            "Leave it out, or set --classify.pooling multihead.",
        ),
        (
            {"schedule": {"full_size_from": 0.3}},
            "--schedule.full-size-from has no use without --schedule.first-size.",
            "Leave it out, or set --schedule.first-size.",
        ),
        (
            {"augment": {"mix_until": 0.5}},
            "--augment.mix-until has no use without --augment.mixup and the like.",
            "Leave it out, or set --augment.mixup or --augment.cutmix or --augment.mosaic or --augment.box-mixup or"
            " --augment.copy-paste.",
        ),
    ],
)
def test_an_idle_setting_is_refused(given: dict[str, Any], what: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_used(given, parse_config(given, where="here"))
    assert (caught.value.what, caught.value.hint) == (what, hint)


def test_what_is_switched_on_or_at_its_default_is_fine() -> None:
    given = {
        "schedule": {"name": "step", "gamma": 0.5, "first_size": 0.5, "full_size_from": 0.3},
        "augment": {"mosaic": 0.5, "mix_until": 0.5},
        "classify": {"focal_gamma": 2.0},
        "optim": {"lr": 0.1},
    }
    check_used(given, parse_config(given, where="here"))


def test_the_table_names_settings_and_values_that_there_are() -> None:
    known = dict(flat(RunConfig().model_dump()))
    for key, (other, uses) in needs().items():
        assert key in known and other in known
        section, _, name = other.partition(".")
        for use in uses:
            tuples = isinstance(known[other], tuple)
            parse_config({section: {name: [use] if tuples else use}}, where="here")
