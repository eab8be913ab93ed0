"""What a trained model is, and its one file."""
