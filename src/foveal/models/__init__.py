"""Networks: backbones with their weights, pooling, heads."""
