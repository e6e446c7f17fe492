"""Code, captured and brought back.

``normal`` says what a function says without its layout; ``modules`` knows which code is local and where it lies;
``reach`` walks everything that a step reaches; ``state`` and ``needs`` say what the sources do not; ``snapshot`` puts
it together; ``loader``, with ``importer`` and ``cutting``, brings it back in a worker.
"""
