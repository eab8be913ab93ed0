"""Predicting on very many images into one table: resumable, in bounded memory, on one machine or on several."""
