"""One file for each family of values. ``twice.values.registry`` says in which order they are asked."""
