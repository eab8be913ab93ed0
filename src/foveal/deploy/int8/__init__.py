"""Integers of 8 bits in place of floats: calibration, sensitivity, choice of layers, and the report."""
