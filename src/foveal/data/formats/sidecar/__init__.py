"""What a format cannot hold, in one JSON file beside it, and back again."""
