"""Edits after which a name leads nowhere: variables around a function that have no value, annotations that fail."""

# ruff: noqa: E501 - small programs read best as one line of a table

from __future__ import annotations

import functools

from edits import cases
from edits.changed_later import CHANGED_LATER

edit = functools.partial(cases.edit, into=CHANGED_LATER)

_ASKED = "def step():\n    try:\n        return {ask}\n    except (NameError, AttributeError, TypeError) as problem:\n        return type(problem).__name__\n"


def _of_module_and_script(name: str, text: str, ask: str, old: str, new: str, *, matters: bool = True) -> None:
    asked = _ASKED.replace("{ask}", ask)
    in_module = {"alpha.py": text, "flow.py": f"from alpha import *\n{asked}"}
    edit(name, in_module, ("alpha.py", old, new), matters=matters)
    edit(name, {"flow.py": text + asked}, ("flow.py", old, new), matters=matters, main=True)


# -- variables around a function

for _what, _text, _ask in (
    ("a function (seed 1795539802209)", "    def inner():\n        return helper()\n    return inner\n", "made()"),
    ("a lambda", "    return lambda: helper()\n", "made()"),
    ("a generator", "    def inner():\n        return sum(helper() for _ in range(2))\n    return inner\n", "made()"),
    ("a function in a function", "    def outer():\n        return (lambda: helper())()\n    return outer\n", "made()"),
    ("a method", "    class K:\n        def go(self):\n            return helper()\n    return K\n", "made().go()"),
    ("a property", "    class K:\n        @property\n        def go(self):\n            return helper()\n    return K\n", "made().go"),
    ("a decorated function", "    def wrapping(f):\n        return lambda: f()\n    @wrapping\n    def inner():\n        return helper()\n    return inner\n", "made()"),
):  # fmt: skip
    _of_module_and_script(
        f"a name that {_what} uses gets local to the function around it, below its end",
        f"import functools\ndef helper():\n    return 1\ndef make():\n    tag = 5\n{_text}made = make()\n",
        _ask,
        "made = make()",
        "    helper = 5\nmade = make()",
    )
_of_module_and_script(
    "a variable around a function is deleted",
    "x = 3\ndef make():\n    x = 3\n    def inner():\n        return x\n    # end\n    return inner\nmade = make()\n",
    "made()",
    "    # end\n",
    "    del x\n",
)
_of_module_and_script(
    "a variable around a function is not given its value",
    "x = 3\ndef make(given):\n    if given:\n        x = 3\n    def inner():\n        return x\n    return inner\nmade = make(True)\n",
    "made()",
    "make(True)",
    "make(False)",
)

# -- annotations that are evaluated while a step runs

_INSIDE = "import math\nclass Known:\n    pass\ndef f():\n    def inner(x: int) -> int:\n        return 1\n    return inner(1)\n"
for _what, _new in (
    ("a name that leads nowhere", "-> nothing"),
    ("an attribute that is not there", "-> math.nothing"),
    ("what takes no parameters", "-> math[int]"),
    ("a call", "-> print('seen')"),
):
    _of_module_and_script(
        f"the annotation of a function inside a function gets {_what}", _INSIDE, "f()", "-> int", _new
    )
_of_module_and_script(
    "what an annotation of a function inside a function names is gone",
    _INSIDE.replace("-> int", "-> Known"),
    "f()",
    "class Known",
    "class Other",
)
_of_module_and_script(
    "the annotation of a method of a class inside a function",
    "def f():\n    class K:\n        def go(self) -> int:\n            return 1\n    return K().go()\n",
    "f()",
    "-> int",
    "-> nothing",
)
_of_module_and_script(
    "the annotation of a function inside a function, of one built-in type or another",
    _INSIDE,
    "f()",
    "-> int",
    "-> list[tuple[str, 'Known']]",
    matters=False,
)
_of_module_and_script(
    "the annotation of a variable inside a function",
    "def f():\n    x: int = 1\n    return x\n",
    "f()",
    "x: int",
    "x: nothing",
    matters=False,
)
edit(
    "an annotation inside a function, in a module that does not evaluate them",
    {
        "alpha.py": f"from __future__ import annotations\n{_INSIDE}",
        "flow.py": "import alpha\ndef step():\n    return alpha.f()\n",
    },
    ("alpha.py", "-> int", "-> nothing"),
    matters=False,
)
_LATER = (
    "def step():\n    try:\n        import alpha\n    except NameError:\n        return 'none'\n    return alpha.f()\n"
)
edit(
    "an annotation in a module that is not loaded yet (seed 1795539802300)",
    {"alpha.py": "def f() -> int:\n    return 1\n", "flow.py": _LATER},
    ("alpha.py", "-> int", "-> nothing"),
    matters=True,
    both=True,
)
edit(
    "an annotation in a module that is not loaded yet, and that does not evaluate them",
    {"alpha.py": "from __future__ import annotations\ndef f() -> int:\n    return 1\n", "flow.py": _LATER},
    ("alpha.py", "-> int", "-> nothing"),
    matters=False,
    both=True,
)
edit(
    "an annotation in a module that is not loaded yet, which changes nothing",
    {"alpha.py": "def f() -> int:\n    return 1\n", "flow.py": _LATER},
    ("alpha.py", "-> int", "-> str"),
    matters=False,
    both=True,
    why="nobody has seen that importing a module succeeds that is not loaded yet, so all of it counts",
)
edit(
    "the annotation of a variable in a module that is not loaded yet (seed 1795542968389)",
    {"alpha.py": "LIMIT: int = 2\ndef f():\n    return LIMIT\n", "flow.py": _LATER},
    ("alpha.py", "LIMIT: int", "LIMIT: nothing"),
    matters=True,
    both=True,
)
edit(
    "the annotation of a variable that has no value, in a module that is not loaded yet",
    {"alpha.py": "LIMIT: int\ndef f():\n    return 2\n", "flow.py": _LATER},
    ("alpha.py", "LIMIT: int", "LIMIT: nothing"),
    matters=True,
    both=True,
)
edit(
    "the annotation of a variable that something reads",
    {
        "alpha.py": "LIMIT: int = 2\n",
        "flow.py": "import alpha\ndef step():\n    return str(alpha.__annotations__['LIMIT'])\n",
    },
    ("alpha.py", "LIMIT: int", "LIMIT: str"),
    matters=True,
    both=True,
)
edit(
    "the docstring of a named tuple that had none (seed 1795536891281)",
    {
        "alpha.py": "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int = 2\n",
        "flow.py": "import alpha\ndef step():\n    return alpha.P(1)\n",
    },
    ("alpha.py", "    x: int", "    'Words.'\n    x: int"),
    matters=False,
    both=True,
)
