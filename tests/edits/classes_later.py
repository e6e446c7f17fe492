"""Edits of what a class lost, or got of installed code and special names, after its definition."""

# ruff: noqa: E501 - small programs read best as one line of a table

from __future__ import annotations

import functools

from edits import cases
from edits.changed_later import CHANGED_LATER
from edits.rebound import REFUSED_AS_SCRIPT

edit = functools.partial(cases.edit, into=CHANGED_LATER)

_CLASSES = """\
class A:
    rate = 1
    def f(self):
        return 1
    def __len__(self):
        return 1
class K(A):
    rate = 2
    def f(self):
        return 2
    def __len__(self):
        return 2
    class Part:
        pass
"""
_INSIDE = "def make():\n" + "".join(f"    {line}\n" for line in _CLASSES.splitlines()) + "    return K\nK = make()\n"
_ASK = """\
def step():
    k = K()
    told = []
    for ask in (
        lambda: str(k.f())[:5], lambda: len(k) > 4, lambda: len(k), lambda: hash(k) != 5, lambda: str(k) == 'k',
        lambda: K.__doc__, lambda: k == 3, lambda: k.rate, lambda: hasattr(K, 'Part'),
    ):
        try:
            told.append(ask())
        except Exception as error:
            told.append(type(error).__name__)
    return told
"""
_PLACES: dict[str, dict[str, str]] = {
    "of another module": {"alpha.py": _CLASSES, "flow.py": "from alpha import K\n" + _ASK},
    "of the script": {"flow.py": _CLASSES + _ASK},
    "that the script makes inside a function": {"flow.py": _INSIDE + _ASK},
}
for _what, _line in (
    ("loses a method", "del K.f\n"),
    ("loses a special method", "del K.__len__\n"),
    ("loses an attribute", "del K.rate\n"),
    ("loses a class inside", "del K.Part\n"),
    ("gets an installed method", "import statistics\nK.__str__ = statistics.NormalDist.__eq__\n"),
    ("gets an installed function", "import shlex\nK.f = shlex.quote\n"),
    ("gets an installed static method", "import textwrap\nK.f = staticmethod(textwrap.dedent)\n"),
    ("gets a method of a built-in", "K.__len__ = object.__sizeof__\n"),
    ("gets a static method that is a built-in", "K.f = staticmethod(dict)\n"),
    ("gets a class method of a built-in", "K.f = dict.__dict__['fromkeys']\n"),
    ("gets a descriptor of a built-in", "K.rate = type.__dict__['__name__']\n"),
    ("gets no hash", "K.__hash__ = None\n"),
    ("gets a docstring", "K.__doc__ = 'two'\n"),
    ("gets abstract methods", "K.__abstractmethods__ = frozenset({'f'})\n"),
    (
        "gets a cached property",
        "import functools\nK.rate = functools.cached_property(lambda self: 9)\nK.rate.__set_name__(K, 'rate')\n",
    ),
    ("gets a cache", "import functools\nK.f = functools.lru_cache(lambda self: 9)\n"),
    (
        "gets a static method that is a class",
        "class Z:\n    def __str__(self):\n        return 'zed'\nK.f = staticmethod(Z)\n",
    ),
):
    _kept = ("of another module", "that the script makes inside a function")
    for _name in _PLACES if _what.startswith("loses") else ("of the script",) if "built-in" in _what else _kept:
        edit(f"a class {_name} {_what} later", _PLACES[_name], ("flow.py", "", _line), matters=True, main=True)

_CALLED = "def f(self):\n    return 1\nclass A:\n    rate = 1\n    def f(self):\n        return 2\nK = type('K', (A,), {'f': f})\n"
for _what, _line in (("loses a method", "del alpha.K.f"), ("gets an attribute", "alpha.K.rate = 5")):
    edit(
        f"a class made by a call {_what} later",
        {"alpha.py": _CALLED, "flow.py": "import alpha\ndef step():\n    return alpha.K().f(), alpha.K.rate\n"},
        ("flow.py", "import alpha\n", f"import alpha\n{_line}\n"),
        matters=True,
        both=True,
    )
edit(
    "a data class loses a default later",
    {
        "alpha.py": "import dataclasses\n@dataclasses.dataclass\nclass K:\n    rate: int = 1\n",
        "flow.py": "import alpha\ndef step():\n    return hasattr(alpha.K, 'rate'), alpha.K().rate\n",
    },
    ("flow.py", "import alpha\n", "import alpha\ndel alpha.K.rate\n"),
    matters=True,
    both=True,
)
edit(
    "a module loses a name later",
    {
        "alpha.py": "X = 1\ndef f():\n    return 'X' in globals() and X\n",
        "flow.py": "import alpha\ndef step():\n    return alpha.f()\n",
    },
    ("flow.py", "import alpha\n", "import alpha\ndel alpha.X\n"),
    matters=True,
    both=True,
)
REFUSED_AS_SCRIPT["method for each type of argument"] = {
    "alpha.py": "class K:\n    def f(self):\n        return 2\n",
    "flow.py": "import functools, alpha\nalpha.K.f = functools.singledispatchmethod(lambda self, *more: 9)\ndef step():\n    return alpha.K().f()\n",
}
for _lines in ("", "\n"):
    edit(
        f"a function that the script put into a module changes, {'a line below' if _lines else 'on the line of'} the one that was there",
        {
            "alpha.py": "def f(x):\n    return x + 4\n\ndef g(x):\n    return f(x) * 3\n",
            "flow.py": f"{_lines}def instead(x):\n    return x - 6\nimport alpha\nalpha.f = instead\ndef step():\n    return alpha.g(5)\n",
        },
        ("flow.py", "x - 6", "x - 7"),
        matters=True,
        main=True,
    )
edit(
    "a module that a function imports and does not use comes to fail",
    {
        "alpha.py": "X = 2\nX += 5\n",
        "flow.py": "def get():\n    from alpha import X as it\ndef step():\n    try:\n        return get()\n    except NameError:\n        return 1\n",
    },
    ("alpha.py", "X = 2\n", "X += 5\nX = 2\n"),
    matters=True,
)
edit(
    "a class gets defaults as functions have them",
    {"flow.py": "class K:\n    pass\ndef step():\n    return getattr(K, '__defaults__', 0)\n"},
    ("flow.py", "    pass\n", "    pass\nK.__defaults__ = (9,)\n"),
    matters=True,
    main=True,
)
edit(
    "what a decorator makes changes, whose name its module gave to something else later",
    {
        "alpha.py": "import functools\ndef more(function):\n    @functools.wraps(function)\n    def wrapper(x):\n        return function(x) + 4\n    return wrapper\n@more\ndef f(x):\n    return x + 5\nmore = 2\n",
        "flow.py": "import alpha\ndef step():\n    return alpha.f(6)\n",
    },
    ("alpha.py", "(x) + 4", "(x) * 4"),
    matters=True,
    both=True,
)
edit(
    "a method changes of a class that has things without a name",
    {
        "alpha.py": "class Meta(type):\n    def __new__(mcs, name, bases, names):\n        names[3] = 3\n        return super().__new__(mcs, name, bases, names)\nclass K(metaclass=Meta):\n    def f(self):\n        return 1\nk = K()\n",
        "flow.py": "from alpha import k\ndef step():\n    return k.f()\n",
    },
    ("alpha.py", "return 1", "return 2"),
    matters=True,
)
