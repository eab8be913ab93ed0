"""What single file formats need: parts of JPEG, PNG and TIFF that Pillow lacks, and Pillow itself."""
