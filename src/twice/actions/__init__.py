"""The verbs, one file each; the only place where rooms meet."""
