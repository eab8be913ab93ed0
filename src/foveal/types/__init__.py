"""The few types everything passes through."""
