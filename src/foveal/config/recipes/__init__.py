"""Recipes that ship: TOML files."""
