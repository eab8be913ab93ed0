"""Several runs: what is kept to compare them, their comparison, folds and seeds."""
