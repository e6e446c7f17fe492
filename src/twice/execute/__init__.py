"""The workshop: each step is asked for by its key; what is not in the vault runs, in a fresh process."""
