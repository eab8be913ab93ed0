"""Progress of a run: for a person, for a machine, in a notebook."""
