"""Predicting on videos and cameras, frame by frame. Reading and writing them needs the extra ``video``."""
