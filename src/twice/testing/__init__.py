"""Exams that the parts of Twice sit, and that parts of your own can sit too."""
