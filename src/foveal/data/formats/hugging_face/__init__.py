"""Hugging Face's image folder with metadata.jsonl."""
