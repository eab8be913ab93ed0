"""From a configuration to a run: the functions of `foveal`."""
