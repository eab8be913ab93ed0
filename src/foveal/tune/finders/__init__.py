"""A batch size by speed and memory, and a learning rate by a sweep, before anything is trained."""
