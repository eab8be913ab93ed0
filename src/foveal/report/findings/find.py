"""All rules, in order of usefulness, and the few findings that are worth a reader's time."""

from collections.abc import Sequence
from dataclasses import replace

from foveal.report.findings import classes, numbers, objects, training
from foveal.report.findings.contract import Evidence, Finding, Rule

RULES: Sequence[Rule] = (
    numbers.caveats,
    numbers.undefined,
    objects.at_limit,
    objects.not_found,
    classes.never_predicted,
    training.loss_rose,
    training.overfits,
    classes.confused,
    training.still_improving,
    classes.few_images,
    numbers.wide_interval,
    training.epoch_zero_kept,
    numbers.confident_mistakes,
    numbers.miscalibrated,
    numbers.precision_missed,
    classes.absent,
)
"""The more useful first."""
MOST = 6
"""Findings that are shown: more are not read."""
RANK = {"problem": 0, "warning": 1, "note": 2}


def find(evidence: Evidence) -> list[Finding]:
    """What the rules find: problems first, then in the order of the rules, six at most; nothing where all is well."""
    found = [replace(finding, rule=rule.__name__) for rule in RULES for finding in rule(evidence)]
    return sorted(found, key=lambda finding: RANK[finding.severity])[:MOST]
