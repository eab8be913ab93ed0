"""RunConfig, TOML files and the recipes that ship."""
