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

# -- what is put somewhere from outside

edit(
    "a function's defaults set later",
    {"flow.py": "def h(x=1):\n    return x\nh.__defaults__ = (5,)\ndef step():\n    return h()\n"},
    ("flow.py", "(5,)", "(6,)"),
    matters=True,
    both=True,
)
edit(
    "a function's keyword defaults set later",
    {"flow.py": "def h(*, x=1):\n    return x\nh.__kwdefaults__ = {'x': 5}\ndef step():\n    return h()\n"},
    ("flow.py", "'x': 5", "'x': 6"),
    matters=True,
    both=True,
)
edit(
    "a module's function's defaults set by the script",
    {
        "a.py": "def h(x=1):\n    return x\n",
        "flow.py": "import a\na.h.__defaults__ = (5,)\ndef step():\n    return a.h()\n",
    },
    ("flow.py", "(5,)", "(6,)"),
    matters=True,
    both=True,
)
edit(
    "a property put onto a class",
    {
        "a.py": "class A:\n    pass\n",
        "flow.py": "import a\na.A.x = property(lambda self: 3)\ndef step():\n    return a.A().x\n",
    },
    ("flow.py", "3", "4"),
    matters=True,
    both=True,
)
edit(
    "a property put onto a class in place of a constant",
    {
        "a.py": "class A:\n    x = 1\n",
        "flow.py": "import a\ndef get(self):\n    return 3\na.A.x = property(get)\ndef step():\n    return a.A().x\n",
    },
    ("flow.py", "3", "4"),
    matters=True,
    both=True,
)
edit(
    "a descriptor put onto a class of a module",
    {
        "a.py": "class A:\n    pass\n",
        "flow.py": "import a\nclass D:\n    def __init__(self, n):\n        self.n = n\n    def __get__(self, i, o):\n        return self.n\na.A.x = D(3)\ndef step():\n    return a.A().x\n",
    },
    ("flow.py", "D(3)", "D(4)"),
    matters=True,
    both=True,
)
edit(
    "a descriptor put onto a class",
    {
        "flow.py": "class D:\n    def __init__(self, n):\n        self.n = n\n    def __get__(self, i, o):\n        return self.n\nclass A:\n    pass\nA.x = D(3)\ndef step():\n    return A().x\n"
    },
    ("flow.py", "D(3)", "D(4)"),
    matters=True,
    both=True,
)
edit(
    "a method with arguments given, put onto a class",
    {
        "a.py": "class A:\n    def f(self, n):\n        return n\n",
        "flow.py": "import a, functools\na.A.g = functools.partialmethod(a.A.f, 3)\ndef step():\n    return a.A().g()\n",
    },
    ("flow.py", "3", "4"),
    matters=True,
    both=True,
)
edit(
    "a class put onto a class",
    {
        "a.py": "class A:\n    pass\n",
        "flow.py": "import a\nclass B:\n    n = 3\na.A.Inner = B\ndef step():\n    return a.A.Inner.n\n",
    },
    ("flow.py", "n = 3", "n = 4"),
    matters=True,
    both=True,
)
edit(
    "a class put into a module",
    {
        "a.py": "class A:\n    n = 1\ndef f():\n    return A.n\n",
        "flow.py": "import a\nclass B:\n    n = 3\na.A = B\ndef step():\n    return a.f()\n",
    },
    ("flow.py", "n = 3", "n = 4"),
    matters=True,
    both=True,
)
edit(
    "a function with arguments given, put into a module",
    {
        "a.py": "def g(n):\n    return n\ndef f():\n    return g()\n",
        "flow.py": "import a, functools\na.g = functools.partial(a.g, 3)\ndef step():\n    return a.f()\n",
    },
    ("flow.py", ", 3)", ", 4)"),
    matters=True,
    both=True,
)
edit(
    "a built-in put into a module",
    {
        "a.py": "def g(n):\n    return n\ndef f():\n    return g([1, 2])\n",
        "flow.py": "import a\na.g = max\ndef step():\n    return a.f()\n",
    },
    ("flow.py", "= max", "= min"),
    matters=True,
    both=True,
)
edit(
    "a value that only code makes and a star import brings",
    {
        "a.py": "class R:\n    def __init__(self, p): self.p = p\n    def __reduce__(self): return (R, (self.p,))\nX = R('abc')\n",
        "b.py": "from a import *\ndef g():\n    return X.p\n",
        "flow.py": "import b\ndef step():\n    return b.g()\n",
    },
    ("a.py", "'abc'", "'abcd'"),
    matters=True,
    both=True,
)
edit(
    "a function with a standard stream as its default",
    {
        "a.py": "import sys\ndef say(x, file=sys.stdout):\n    return x + 1\n",
        "flow.py": "import a, sys\ndef told(x, *, file=sys.stderr):\n    return a.say(x)\ndef step():\n    return told(2)\n",
    },
    ("a.py", "x + 1", "x + 2"),
    matters=True,
    both=True,
)
