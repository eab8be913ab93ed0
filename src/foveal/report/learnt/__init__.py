"""Pages on what a model has learnt."""
