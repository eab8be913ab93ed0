"""What models predict for one image, and what data sets say of it: a file per kind."""
