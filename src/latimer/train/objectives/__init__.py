"""Training objectives, one file each, and the parts that several of them share."""
