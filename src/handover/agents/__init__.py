"""Programs that run on the scanned host, and how they get there; nothing of ours is imported by them."""
