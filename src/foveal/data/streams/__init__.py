"""Streams, texts and series of numbers: reading and splitting them."""
