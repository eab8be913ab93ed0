"""Train, evaluate and export: the functions behind `foveal`'s commands."""
