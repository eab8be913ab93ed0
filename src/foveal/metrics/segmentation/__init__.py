"""Metrics of semantic segmentation."""
