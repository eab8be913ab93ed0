"""OIDv4 ToolKit."""
