"""The report: one self-contained page per run, and its figures as files."""
