"""``foveal tune`` on the command line."""
