"""Drawings for people, and the same as data for programs: what ``twice`` prints."""
