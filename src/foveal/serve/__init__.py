"""Models behind HTTP: batched on the fly, with a page to try them on."""
