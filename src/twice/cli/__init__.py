"""The command line: what ``twice`` understands."""
