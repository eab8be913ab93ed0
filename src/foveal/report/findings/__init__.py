"""What a reader should see first, in words: each finding from a rule of its own."""
