"""What a model has learnt, computed and written to files."""
