"""The side-car: a JSON file with what a format cannot store."""
