"""What a run stands on, looked at and never touched: the interpreter, what is installed, and the machine."""
