"""Exports that agree with the network."""
