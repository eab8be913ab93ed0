"""A toy that knows no images: a table of numbers in, a number out, through Foveal's loop, run folder and model file."""
