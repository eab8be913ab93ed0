"""The data set in memory: columns, class map, splits."""
