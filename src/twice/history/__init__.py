"""What happened before, and what changed since."""
