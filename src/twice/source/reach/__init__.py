"""Everything local that a step reaches, followed from the live objects and through their source.

Begin at ``walk``: the walk itself, which holds its parts together. Each part is one concept, and makes the nodes of it:

- ``functions``, ``classes``: a definition, and what belongs to it without standing in it.
- ``names``: from a name in some code to what it stands for, and the nodes of a module's names.
- ``imports``: from a module and the attributes taken from it to what they stand for.
- ``effects``: what happens when a module is imported; ``wholes``: modules that cannot be followed, and count entirely.
- ``values``: constants, variables, cells, defaults; ``places``: the paths inside them.
- ``given``: whether importing a module gives a name what it has, or somebody put it there later.
- ``distributions``: what is installed, and so not walked into.

``found`` is what the walk puts down, ``sources`` the texts it met, ``live`` small questions to live objects, ``homes``
where classes come from.

Where something cannot be followed it is widened, never narrowed.
"""
