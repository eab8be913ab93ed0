"""Lessons: what the layers of ``foveal.scratch`` do, as pictures and as text."""
