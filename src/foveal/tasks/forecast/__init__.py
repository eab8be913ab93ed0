"""The next values of a series of numbers, beside baselines that learn nothing."""
