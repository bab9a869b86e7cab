"""What runs on the caller's side."""
