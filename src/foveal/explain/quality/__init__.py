"""Whether explanations mean something: measured on labelled images, beside what chance gives."""
