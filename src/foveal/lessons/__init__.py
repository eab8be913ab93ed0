"""Lessons: what the layers of ``foveal.scratch`` do, as images and as text."""
