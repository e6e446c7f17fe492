"""The courtroom: two runs laid side by side, and a verdict."""
