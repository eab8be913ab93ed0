"""What readers of objects share: drafts of images, faults, fixes, orientation."""
