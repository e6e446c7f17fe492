"""Edits that change nothing that a step gives and yet make it run again, each with the reason: the price of no stale one.

``python -m edits.needless`` prints the table that the docs have.
"""

# ruff: noqa: E501 - small programs read best as one line of a table

from __future__ import annotations

import functools

from edits import cases, everyday, foreign, further, rebound, unbound, whole_process
from edits.changed_later import CHANGED_LATER

assert (
    foreign and further and whole_process and everyday and rebound and unbound
)  # their cases are among the edits, too

NEEDLESS: list[cases.Edit] = []
edit = functools.partial(cases.edit, into=NEEDLESS, matters=False)

edit(
    "a helper made dead",
    {"flow.py": "def f():\n    return 1\ndef step():\n    return f()\n"},
    ("flow.py", "return f()", "return 1"),
    why="the step's own text calls it no more",
)

edit(
    "a function that nobody calls, in a module that is handed around as an object",
    {
        "a.py": "X = 1\ndef f():\n    return 1\n",
        "flow.py": "import a\ndef show(m):\n    return m.X\ndef step():\n    return show(a)\n",
    },
    ("a.py", "return 1", "return 2"),
    why="what is done with the module cannot be followed, so all of it counts",
)
edit(
    "a constant that nobody asks for, in a module that is asked by a computed name",
    {"a.py": "X = 1\nY = 1\n", "flow.py": "import a\nNAME = 'X'\ndef step():\n    return getattr(a, NAME)\n"},
    ("a.py", "Y = 1", "Y = 2"),
    why="the name is known only when the step runs, so the whole module counts",
)
edit(
    "a function beside one that looks names up by `globals()`",
    {"flow.py": "X = 1\ndef f():\n    return 1\nNAME = 'X'\ndef step():\n    return globals()[NAME]\n"},
    ("flow.py", "return 1", "return 2"),
    main=True,
    why="the name is known only when the step runs, so everything that the script holds counts",
)
edit(
    "a method that nobody calls",
    {
        "flow.py": "class A:\n    def f(self):\n        return 1\n    def g(self):\n        return 1\ndef step():\n    return A().f()\n"
    },
    ("flow.py", "def g(self):\n        return 1", "def g(self):\n        return 2"),
    why="a class counts with all its methods: which of them an object's user calls cannot be told",
)
edit(
    "the order of two functions' calls on a module's import",
    {
        "a.py": "import b\nb.note(1)\nb.note(2)\nX = 1\n",
        "b.py": "SEEN = set()\ndef note(n):\n    SEEN.add(n)\n",
        "flow.py": "import a\ndef step():\n    return a.X\n",
    },
    ("a.py", "b.note(1)\nb.note(2)", "b.note(2)\nb.note(1)"),
    why="what a module does on import beside binding names counts for whoever imports it",
)
edit(
    "what a helper does that the step calls without need of its answer",
    {"flow.py": "def f():\n    return 1\ndef step():\n    f()\n    return 3\n"},
    ("flow.py", "return 1", "return 2"),
    why="that an answer is thrown away is not looked at",
)
edit(
    "a branch that is not taken",
    {"flow.py": "LIMIT = 3\ndef step():\n    if LIMIT > 5:\n        return 1\n    return 2\n"},
    ("flow.py", "return 1", "return 9"),
    why="which branches are taken is known only when the step runs",
)
edit(
    "the same said in other words",
    {"flow.py": "def step():\n    return [x for x in (1, 2)]\n"},
    ("flow.py", "[x for x in (1, 2)]", "list((1, 2))"),
    why="whether two programs do the same cannot be told in general",
)
edit(
    "the name of a parameter",
    {"flow.py": "def f(x):\n    return x\ndef step():\n    return f(1)\n"},
    ("flow.py", "def f(x):\n    return x", "def f(y):\n    return y"),
    why="somebody may call the function by its parameters' names",
)
edit(
    "an annotation in a class with a decorator",
    {
        "flow.py": "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\ndef step():\n    return A().x\n"
    },
    ("flow.py", "x: int", "x: float"),
    why="decorators of classes read annotations",
)
edit(
    "a comment, where something reached reads source",
    {
        "flow.py": "import inspect\ndef f():\n    return 1  # one\ndef step():\n    return f(), len(inspect.getsource(step))\n"
    },
    ("flow.py", "# one", "# two"),
    why="whose source is read is known only when the step runs, so all that is reached counts as it is written",
)
edit(
    "a blank line above, where something reached reads line numbers",
    {
        "flow.py": "import traceback\ndef f():\n    try:\n        return 1\n    except ValueError:\n        return traceback.format_exc()\ndef step():\n    return f()\n"
    },
    ("flow.py", "import traceback\n", "import traceback\n\n"),
    why="whose lines are read is known only when the step runs, so the place of all that is reached counts",
)
edit(
    "a name in a module whose functions are reached, where something looks through frames",
    {
        "a.py": "X = 1\ndef f():\n    return 1\n",
        "flow.py": "import sys, a\ndef step():\n    return sys._getframe(0).f_globals['__name__'][:0], a.f()\n",
    },
    ("a.py", "X = 1", "X = 2"),
    why="any name of a module that a frame belongs to may be looked up",
)
edit(
    "a docstring, where something reached reads docstrings",
    {"flow.py": "def f():\n    'One.'\n    return 1\ndef g():\n    'Two.'\ndef step():\n    return f(), g.__doc__\n"},
    ("flow.py", "One.", "Other."),
    why="whose docstring is read is known only when the step runs",
)
edit(
    "a function of the script, where something reached unpickles",
    {
        "flow.py": "import pickle\ndef f():\n    return 1\nBLOB = pickle.dumps(3)\ndef step():\n    return pickle.loads(BLOB)\n"
    },
    ("flow.py", "return 1", "return 2"),
    main=True,
    why="a pickle may name any function or class",
)
edit(
    "an item of a table that the step does not ask for",
    {"flow.py": "CONF = {'a': 1, 'b': 2}\ndef step():\n    return CONF['a']\n"},
    ("flow.py", "'b': 2", "'b': 3"),
    why="a variable counts as a whole",
)
edit(
    "a default that no call leaves out",
    {"flow.py": "def f(x=1):\n    return x\ndef step():\n    return f(5)\n"},
    ("flow.py", "x=1", "x=2"),
    why="which calls leave a parameter out is not looked at",
)


def table() -> str:
    """The table of needless runs, as the docs have it."""
    known = [*NEEDLESS, *(edit for edit in [*cases.EDITS, *CHANGED_LATER] if edit.why)]
    rows = sorted({f"| {edit.name.removesuffix(' (script)')} | {edit.why} |" for edit in known})
    return "\n".join(["| edited | why the step runs again |", "|---|---|", *rows])


if __name__ == "__main__":
    print(table())
