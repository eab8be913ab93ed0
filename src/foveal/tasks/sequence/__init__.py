"""The next character of a text from those before it: recurrent networks that learn to write."""
