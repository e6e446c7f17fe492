"""What keeps a run honest: seeds, switches, and a watch on what a step uses without saying so."""
