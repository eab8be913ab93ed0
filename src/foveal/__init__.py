"""Foveal trains, judges, explains and ships image recognisers."""

__version__ = "0.1.0"
