"""Edits of what is not the user's own: which function of which library a name stands for."""

# ruff: noqa: E501 - small programs read best as one line of a table

from __future__ import annotations

from edits.cases import edit

edit(
    "which standard module a name stands for",
    {"flow.py": "import math as m\ndef step():\n    return m.sqrt(4)\n"},
    ("flow.py", "import math", "import cmath"),
    matters=True,
    both=True,
)
edit(
    "the module that a function is taken from",
    {"flow.py": "from math import sqrt as f\ndef step():\n    return f(4)\n"},
    ("flow.py", "from math", "from cmath"),
    matters=True,
    both=True,
)
edit(
    "which function of a standard module",
    {"flow.py": "from math import floor as f\ndef step():\n    return f(4.5)\n"},
    ("flow.py", "floor", "ceil"),
    matters=True,
    both=True,
)
edit(
    "which function of a standard module written in Python",
    {"flow.py": "from posixpath import basename as f\ndef step():\n    return f('/a/b')\n"},
    ("flow.py", "basename", "dirname"),
    matters=True,
    both=True,
)
edit(
    "which class of a standard module",
    {"flow.py": "from collections import OrderedDict as D\ndef step():\n    return D()\n"},
    ("flow.py", "OrderedDict", "Counter"),
    matters=True,
    both=True,
)
edit(
    "which ufunc of numpy",
    {"flow.py": "from numpy import sin as f\ndef step():\n    return float(f(1))\n"},
    ("flow.py", "sin", "cos"),
    matters=True,
    both=True,
)
edit(
    "which function of numpy",
    {"flow.py": "from numpy import sum as f\ndef step():\n    return float(f([1, 2]))\n"},
    ("flow.py", "sum", "prod"),
    matters=True,
    both=True,
)
edit(
    "which scalar type of numpy",
    {"flow.py": "from numpy import float32 as D\ndef step():\n    return D(1.0).itemsize\n"},
    ("flow.py", "float32", "float64"),
    matters=True,
    both=True,
)
edit(
    "which constant of a standard module",
    {"flow.py": "from string import digits as D\ndef step():\n    return D\n"},
    ("flow.py", "digits", "hexdigits"),
    matters=True,
    both=True,
)
edit(
    "which constant of numpy",
    {"flow.py": "from numpy import pi as D\ndef step():\n    return D\n"},
    ("flow.py", "pi", "e"),
    matters=True,
    both=True,
)
edit(
    "which submodule of numpy",
    {"flow.py": "from numpy import random as D\ndef step():\n    return D.__name__\n"},
    ("flow.py", "random", "linalg"),
    matters=True,
    both=True,
)
edit(
    "which built-in a variable stands for",
    {"flow.py": "g = max\ndef step():\n    return g([1, 2])\n"},
    ("flow.py", "max", "min"),
    matters=True,
    both=True,
)
edit(
    "which built-in a module's variable stands for",
    {"a.py": "g = max\n", "flow.py": "import a\ndef step():\n    return a.g([1, 2])\n"},
    ("a.py", "max", "min"),
    matters=True,
    both=True,
)
edit(
    "which type a variable stands for",
    {"flow.py": "g = list\ndef step():\n    return g([1, 2])\n"},
    ("flow.py", "list", "tuple"),
    matters=True,
    both=True,
)
edit(
    "which module a variable stands for",
    {"flow.py": "import math, cmath\ng = math\ndef step():\n    return g.sqrt(4)\n"},
    ("flow.py", "g = math", "g = cmath"),
    matters=True,
    both=True,
)
edit(
    "which of two modules a condition imports from",
    {
        "a.py": "FAST = True\nif FAST:\n    from math import sqrt\nelse:\n    from cmath import sqrt\n",
        "flow.py": "import a\ndef step():\n    return a.sqrt(4)\n",
    },
    ("a.py", "True", "False"),
    matters=True,
    both=True,
)
edit(
    "which type a closure holds",
    {
        "flow.py": "def make(f):\n    def inner():\n        return f([1, 2])\n    return inner\ng = make(list)\ndef step():\n    return g()\n"
    },
    ("flow.py", "(list)", "(tuple)"),
    matters=True,
    both=True,
)
edit(
    "which module a closure holds",
    {
        "flow.py": "import math, cmath\ndef make(f):\n    def inner():\n        return f.sqrt(4)\n    return inner\ng = make(math)\ndef step():\n    return g()\n"
    },
    ("flow.py", "(math)", "(cmath)"),
    matters=True,
    both=True,
)
edit(
    "the text whose method is kept",
    {"flow.py": "g = 'a-b'.split\ndef step():\n    return g('-')\n"},
    ("flow.py", "a-b", "a-c"),
    matters=True,
    both=True,
)
edit(
    "which standard class is inherited",
    {
        "flow.py": "from collections import OrderedDict as B\nclass A(B):\n    pass\ndef step():\n    return A.__mro__[1].__name__\n"
    },
    ("flow.py", "OrderedDict", "UserDict"),
    matters=True,
    both=True,
)
edit(
    "which standard decorator is used",
    {
        "flow.py": "from functools import lru_cache as d\nN = []\n@d\ndef f():\n    N.append(1)\n    return len(N)\ndef step():\n    return f(), f()\n"
    },
    ("flow.py", "lru_cache as d", "wraps as w\ndef d(f):\n    return f"),
    matters=True,
    both=True,
)
