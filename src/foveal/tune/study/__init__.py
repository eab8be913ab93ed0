"""The folder of a study, which is the truth about it."""
