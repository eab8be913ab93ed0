"""From a catalog to training batches."""
