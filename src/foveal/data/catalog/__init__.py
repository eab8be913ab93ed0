"""The data set once read: columns in memory, class map, splits."""
