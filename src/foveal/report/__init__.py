"""Figures and one self-contained page a run."""
