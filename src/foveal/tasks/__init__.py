"""What can be learnt; the only room that knows tasks by name."""
