"""The content of reports: of a training run, and of an evaluation."""
