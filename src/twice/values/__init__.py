"""What flows between steps: each Kind of value is one file that recognises, takes apart, puts together and compares.

This room runs inside worker processes, in someone else's environment. It imports the standard library only; a library
such as NumPy is imported by the one file that serves it, and only when a value of that library is met.
"""
