"""The goal of training."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan


@dataclass(frozen=True)
class Goal:
    """The metric that selects the best epoch.

    Attributes:
        metric: Its name among the scores of an evaluation.
        maximize: Whether more is better.
        tie_break: Name of the loss that decides between equal scores, common in small sets, and between scores that
            are undefined (NaN): the smaller is better. None: the later epoch wins.
    """

    metric: str
    maximize: bool = True
    tie_break: str | None = None

    def better(self, new: Mapping[str, float], old: Mapping[str, float] | None) -> bool:
        """Whether the scores ``new`` beat ``old`` (None: nothing yet) or, with the tie-break, are as good."""
        if old is None:
            return True
        ours, theirs = new[self.metric], old[self.metric]
        if isnan(ours) != isnan(theirs):
            return isnan(theirs)
        if ours != theirs and not isnan(ours):
            return ours > theirs if self.maximize else ours < theirs
        return self.tie_break is None or not new[self.tie_break] > old[self.tie_break]
