"""Going on from what one has: from a given model, and from a run that has ended."""
