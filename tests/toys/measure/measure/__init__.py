"""A task from outside: an image to one number, by mean absolute error. Class folders are named by their number."""
