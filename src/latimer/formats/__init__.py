"""File formats of parallel text, a file each."""
