"""What a model has learnt: its first filters, its feature maps, which images it finds alike."""
