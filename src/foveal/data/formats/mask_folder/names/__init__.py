"""What names of files and folders of masks say."""
