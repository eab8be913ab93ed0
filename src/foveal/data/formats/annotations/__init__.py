"""What readers of objects share: drafts of pictures, repair, orientation."""
