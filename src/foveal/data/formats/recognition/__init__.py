"""What each format finds in a folder, and which of them reads it."""
