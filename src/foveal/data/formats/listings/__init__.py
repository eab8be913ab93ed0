"""Shared by readers of annotation tools' exports: values, shapes, listings of images, and the way to a Catalog."""
