"""Augmentation of training images and their targets."""
