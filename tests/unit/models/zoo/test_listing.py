import json

import pytest

from foveal.cli.commands.models import models
from foveal.errors import ConfigError
from foveal.models.classic.table import CLASSICS, NETWORKS
from foveal.models.zoo.counts import COUNTS
from foveal.models.zoo.listing import COUNTED, measure, zoo


def test_default_lists_own_networks_and_packages() -> None:
    entries = {entry.name: entry for entry in zoo(count=False)}
    assert next(iter(entries)) == "conv4"
    assert {"conv4", "tf_efficientnet_lite0", "tf_efficientnet_lite1", "tf_efficientnet_lite2"} <= entries.keys()


def test_classic_networks_are_listed_with_their_papers() -> None:
    entries = {entry.name: entry for entry in zoo(count=False)}
    assert CLASSICS.keys() <= entries.keys()
    assert all(entries[name].classic == CLASSICS[name] for name in CLASSICS)
    assert entries["conv4"].classic is None
    assert [entry.name for entry in zoo("vgg1[16]", count=False)] == ["vgg11", "vgg16"]


def test_counts_agree_with_the_papers() -> None:
    """ResNet-18: 11.7 M parameters and 1.82 G multiply-adds (He et al. 2016), of which the classifier holds 0.5 M."""
    parameters, macs = measure("resnet18")
    assert parameters == 11_689_512 - 513_000
    assert macs == pytest.approx(1.814e9, rel=1e-3)
    assert measure("conv4")[1] == 9 * (3 * 32 * 32**2 + 32 * 64 * 16**2 + 64 * 128 * 8**2 + 128 * 256 * 4**2)


def test_a_part_of_a_name_is_enough() -> None:
    names = [entry.name for entry in zoo("efficientnet_lite", count=False)]
    assert "tf_efficientnet_lite0" in names and "efficientnet_lite0" in names
    assert [entry.name for entry in zoo("conv?", count=False)] == ["conv4", "conv5"]
    assert zoo("no such network") == []


def test_long_lists_are_not_counted() -> None:
    entries = zoo("*")
    assert len(entries) > COUNTED and all(entry.macs_g is None for entry in entries)


def test_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    models("conv4")
    out = capsys.readouterr().out
    assert "parameters (M)" in out and "conv4" in out and "0.39" in out and "year" not in out
    models("alexnet")
    out = capsys.readouterr().out
    assert "top-5 error (%)" in out and "2012" in out and "18.2" in out


def test_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    models("conv4", json=True)
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["name"] == "conv4" and entry["weights"] == "none" and entry["size"] == 32
    assert entry["classic"] is None


def test_command_names_a_pattern_without_a_match() -> None:
    with pytest.raises(ConfigError, match="No backbone matches 'nope'"):
        models("nope")


@pytest.mark.parametrize(
    "name", ["conv5", "mlp", "lenet5", "alexnet", "googlenet", "plain32", "vgg13", "resnet18", "densenet121"]
)
def test_counts_that_are_written_down(name: str) -> None:
    assert COUNTS[name] == measure(name)


def test_every_network_of_the_usual_list_is_counted() -> None:
    assert list(COUNTS) == list(dict.fromkeys([*NETWORKS, *CLASSICS]))
