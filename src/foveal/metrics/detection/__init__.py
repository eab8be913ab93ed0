"""Metrics of object detection and instance segmentation."""
