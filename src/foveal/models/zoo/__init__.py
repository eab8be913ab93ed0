"""Which networks there are, and what is in one."""
