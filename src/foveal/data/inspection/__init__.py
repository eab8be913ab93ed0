"""Looking at a data set: counts, checks, previews."""
