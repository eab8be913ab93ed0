"""Recurrent networks, which take a stream step after step and carry a state."""
