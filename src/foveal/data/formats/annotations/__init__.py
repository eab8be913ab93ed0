"""What readers of objects share: drafts of images, repair, orientation."""
