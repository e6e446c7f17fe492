"""Edits of what was put in another thing's place: into a module, onto a class that a call made; and who shares what."""

# ruff: noqa: E501 - small programs read best as one line of a table

from __future__ import annotations

import functools

from edits import cases
from edits.changed_later import CHANGED_LATER
from edits.further import ON_THE_PATH

edit = functools.partial(cases.edit, matters=True, into=CHANGED_LATER)

# -- a name of a module that was given something else from outside

_RUN = "def run(x):\n    return str(hook(x)) if callable(hook) else hook\n"
_HOOKS = {
    "an assigned function (seeds 1795536891294, 1795536891356)": "def default(x):\n    return x\nhook = default\n",
    "a lambda": "hook = lambda x: x\n",
    "nothing": "hook = None\n",
    "what a call made": "def make():\n    def inner(x):\n        return x\n    return inner\nhook = make()\n",
    "an imported function": "from beta import hook\n",
    "a function that a star brought": "from beta import *\n",
    "an installed function": "from textwrap import dedent as hook\n",
    "a built-in function": "from math import floor as hook\n",
    "a decorated function": "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def inner(x):\n        return f(x)\n    return inner\n@deco\ndef hook(x):\n    return x\n",
    "a cached function": "import functools\n@functools.cache\ndef hook(x):\n    return x\n",
}
_PUTS = {
    "a function": "def mine(x):\n    return x * 10\n",
    "a closure": "def mk(k):\n    return lambda x: x * k\nmine = mk(10)\n",
    "an object's method": "class M:\n    def go(self, x):\n        return x * 10\nmine = M().go\n",
    "a cached function": "import functools\n@functools.cache\ndef mine(x):\n    return x * 10\n",
    "a number": "mine = 10\n",
}
for _number, (_hook, _text) in enumerate(_HOOKS.items()):
    for _turn, (_put, _made) in enumerate(_PUTS.items()):
        if _number < 3 or (_number + _turn) % len(_PUTS) < 2:  # each with some of the others
            edit(
                f"the script puts {_put} in the place of {_hook}",
                {
                    "alpha.py": _text + _RUN,
                    "beta.py": "def hook(x):\n    return x\n",
                    "flow.py": f"import alpha\n{_made}alpha.hook = mine\ndef step():\n    return alpha.run(3)\n",
                },
                ("flow.py", "10", "20"),
                main=True,
            )
for _name, _put in (
    ("an installed function", "import textwrap\nalpha.hook = textwrap.dedent\n"),
    ("a built-in function", "import math\nalpha.hook = math.factorial\n"),
):
    edit(
        f"the script puts {_name} in the place of a function",
        {
            "alpha.py": "def hook(x):\n    return 1\ndef run():\n    try:\n        return hook(3)\n    except TypeError:\n        return 0\n",
            "flow.py": "import alpha\ndef step():\n    return alpha.run()\n",
        },
        ("flow.py", "def step", f"{_put}def step"),
        main=True,
    )
for _name, _put, _old, _new in (
    ("a number", "alpha.pi = 3\n", "= 3", "= 4"),
    ("a list", "alpha.pi = [3]\n", "[3]", "[4]"),
    ("an object", "class K:\n    n = 3\nalpha.pi = K().n\n", "n = 3", "n = 4"),
):
    edit(
        f"the script puts {_name} in the place of an installed constant",
        {
            "alpha.py": "from math import pi\ndef area():\n    return pi\n",
            "flow.py": f"import alpha\n{_put}def step():\n    return alpha.area()\n",
        },
        ("flow.py", _old, _new),
        main=True,
    )

# -- what a library made of a function, and hides

_WRAPPING = """\
import functools
class Box:
    def __init__(self, f):
        self.f = f
    def call(self):
        return self.f()
def in_cell(f):
    @functools.wraps(f)
    def inner():
        return f()
    return inner
def in_list(f):
    held = [f]
    def inner():
        return held[0]()
    return inner
def in_default(f):
    def inner(_f=f):
        return _f()
    return inner
def in_attribute(f):
    def inner():
        return inner.g()
    inner.g = f
    return inner
def in_method(f):
    call = Box(f).call
    def inner():
        return call()
    return inner
"""
for _way in ("in_cell", "in_list", "in_default", "in_attribute", "in_method"):
    _library = {"site-packages/wrapping.py": _WRAPPING}
    edit(
        f"a function of a module that a library's wrapper holds {_way}, by a call",
        {
            **_library,
            "alpha.py": f"import wrapping\ndef raw():\n    return 1\ngo = wrapping.{_way}(raw)\n",
            "flow.py": f"{ON_THE_PATH}import alpha\ndef step():\n    return alpha.go()\n",
        },
        ("alpha.py", "return 1", "return 2"),
        both=True,
    )
    edit(
        f"what a function needs that a library's wrapper holds {_way}, by a call in another module",
        {
            **_library,
            "alpha.py": "RATE = 1\ndef raw():\n    return RATE\n",
            "flow.py": f"{ON_THE_PATH}import alpha, wrapping\ngo = wrapping.{_way}(alpha.raw)\ndef step():\n    return go()\n",
        },
        ("alpha.py", "RATE = 1", "RATE = 2"),
    )
edit(
    "a step that a library's decorator made something else of (seeds 1795534335432, 1795535037267)",
    {
        "site-packages/wrapping.py": _WRAPPING,
        "flow.py": f"{ON_THE_PATH}import wrapping\n@wrapping.in_cell\ndef step():\n    return 1\n",
    },
    ("flow.py", "return 1", "return 2"),
    both=True,
)

# -- what a class got that a call made

_TOLD = "def step():\n    got = getattr(P(4), 'size', None)\n    got = got() if callable(got) and not isinstance(got, type) else got\n    return getattr(got, 'k', got), len(P(4))\n"
_MADE = {
    "a named tuple": "import collections\nP = collections.namedtuple('P', 'x')\n",
    "a class that a call made": "P = type('P', (), {'__init__': lambda self, x: setattr(self, 'x', x), '__len__': lambda self: 1})\n",
}
for _kind, _text in _MADE.items():
    for _what, _put, _old, _new in (
        ("a method (seeds 1795534335359, 1795535037427)", "P.size = lambda self: self.x * 2\n", "* 2", "* 3"),
        ("a property", "P.size = property(lambda self: self.x * 2)\n", "* 2", "* 3"),
        ("a static method", "P.size = staticmethod(lambda: 2 * 2)\n", "* 2", "* 3"),
        ("a partial method", "import functools\nP.size = functools.partialmethod(lambda self, k: k, 2)\n", "k, 2", "k, 3"),
        ("a special method", "P.__len__ = lambda self: 1 * 2\n", "* 2", "* 3"),
        ("a class", "class Q:\n    k = 2\nP.size = Q\n", "k = 2", "k = 3"),
        ("a descriptor", "class D:\n    def __get__(self, of, kind=None):\n        return 2\nP.size = D()\n", "return 2", "return 3"),
    ):  # fmt: skip
        edit(f"{_kind} gets {_what}", {"flow.py": _text + _put + _TOLD}, ("flow.py", _old, _new), main=True)
        edit(
            f"{_kind} of a module gets {_what} from the script",
            {"alpha.py": _text, "flow.py": f"from alpha import P\n{_put}{_TOLD}"},
            ("flow.py", _old, _new),
            main=True,
        )
edit(
    "a named tuple gets something in the place of a name of its own (seed 1795535037601)",
    {
        "flow.py": "import collections\nP = collections.namedtuple('P', 'x')\nP._fields = lambda self: 1\ndef step():\n    return P(0)._fields()\n"
    },
    ("flow.py", "self: 1", "self: 2"),
    main=True,
)

# -- what a function means by its own name

edit(
    "what a function calls by its own name, which stands for another one by now",
    {
        "flow.py": "def fact(n):\n    return 1 if n < 2 else n * fact(n - 1)\nold = fact\ndef fact(n):\n    return 5\ndef step():\n    return old(4)\n"
    },
    ("flow.py", "return 5", "return 6"),
    main=True,
)
edit(
    "what a function of a module calls by its own name, under which the script put another one",
    {
        "alpha.py": "def fact(n):\n    return 1 if n < 2 else n * fact(n - 1)\n",
        "flow.py": "import alpha\nold = alpha.fact\ndef mine(n):\n    return old(n) + 1\nalpha.fact = mine\ndef step():\n    return alpha.fact(4)\n",
    },
    ("flow.py", "+ 1", "+ 2"),
    main=True,
)
edit(
    "what a class means by its own name, which stands for another one by now",
    {
        "flow.py": "class K:\n    n = 1\n    def go(self):\n        return K.n\nOld = K\nclass K:\n    n = 2\ndef step():\n    return Old().go()\n"
    },
    ("flow.py", "n = 2", "n = 3"),
    main=True,
)
edit(
    "a function of which another one has the code that mentions its own name (seed 1795535037199)",
    {
        "alpha.py": "def f(n):\n    return 1\n",
        "beta.py": "import alpha\ndef g(n):\n    return 2 if n else g(1) + g.k\nalpha.f.__code__ = g.__code__\nalpha.g = g\ng.k = 10\n",
        "flow.py": "import beta, alpha\ndef step():\n    return alpha.f(0)\n",
    },
    ("beta.py", "k = 10", "k = 20"),
    both=True,
)

# -- what several things share

_COUNTER = "def make():\n    n = START\n    def inc():\n        nonlocal n\n        n += 1\n        return n\n    def get():\n        return n\n    return inc, get\ninc, get = make()\n"
edit(
    "the variable that two functions of the script share",
    {"flow.py": _COUNTER.replace("START", "10") + "inc()\ndef step():\n    return inc(), get()\n"},
    ("flow.py", "10", "20"),
    main=True,
)
edit(
    "the variable that two functions of a module share, and that the script changed",
    {
        "alpha.py": _COUNTER.replace("START", "10"),
        "flow.py": "import alpha\nalpha.inc()\ndef step():\n    return alpha.inc(), alpha.get()\n",
    },
    ("alpha.py", "10", "20"),
    main=True,
)
edit(
    "a variable around a function of a module that the script set",
    {
        "alpha.py": "def make():\n    n = 1\n    return lambda: n\nget = make()\n",
        "flow.py": "import alpha\nalpha.get.__closure__[0].cell_contents = 10\ndef step():\n    return alpha.get()\n",
    },
    ("flow.py", "10", "20"),
    main=True,
)
edit(
    "a list that has two names in the script",
    {"flow.py": "A = [10]\nB = A\ndef step():\n    A.append(3)\n    return B, A is B\n"},
    ("flow.py", "10", "20"),
    main=True,
)
edit(
    "a function that an object of the script registers with its decorator, and is brought back with (seed 1795536891030)",
    {
        "flow.py": "class App:\n    def __init__(self):\n        self.routes = {}\n    def route(self, name):\n        def add(f):\n            self.routes[name] = f\n            return f\n        return add\napp = App()\n@app.route('a')\ndef view(x):\n    return x * 10\ndef step():\n    return app.routes['a'](4)\n"
    },
    ("flow.py", "10", "20"),
    both=True,
)
edit(
    "a list into which a class writes that is inherited from, its own name given to the heir (seed 1795535037069)",
    {
        "flow.py": "kinds = []\nclass Base:\n    def __init_subclass__(cls, weight=10):\n        cls.weight = weight\n        kinds.append(cls)\nclass Child(Base):\n    pass\nBase = Child\ndef step():\n    return [k.weight for k in kinds]\n"
    },
    ("flow.py", "10", "20"),
    both=True,
)

# -- what is in a module that counts as a whole

_WHOLE = "def show(m):\n    return {ask}\ndef step():\n    return show(alpha)\n"
for _what, _text, _ask in (
    ("a class whose name is another one than it was assigned to (seed 1795542968201)", "X = 1\nOther = type('Called', (), {'k': 2})\n", "m.X, m.Other.k"),
    ("names that are no texts", "X = 1\nglobals()[3] = 4\n", "m.X"),
    ("a __getattr__ that fails in its own way (seed 1795535037599)", "X = 1\ndef __getattr__(name):\n    return {}[name]\n", "m.X"),
    ("a __getattr__ that cannot be called (seed 1795541300422)", "X = 1\n__getattr__ = 1\n", "m.X"),
):  # fmt: skip
    edit(
        f"a module that is handed around and has {_what}",
        {"alpha.py": _text, "flow.py": f"import alpha\n{_WHOLE.replace('{ask}', _ask)}"},
        ("alpha.py", "X = 1", "X = 2"),
        both=True,
    )
    edit(
        f"a default that is a module and has {_what}",
        {"alpha.py": _text, "flow.py": f"import alpha\ndef show(m=alpha):\n    return {_ask}\ndef step():\n    return show()\n"},
        ("alpha.py", "X = 1", "X = 2"),
        both=True,
    )  # fmt: skip
edit(
    "a class attribute that answers whatever it is asked (seed 1795536891333)",
    {
        "alpha.py": "class Odd:\n    def __getattr__(self, name):\n        return 1 / 0\nclass K:\n    odd = Odd()\n    n = 1\n",
        "flow.py": "import alpha\ndef step():\n    return alpha.K().n\n",
    },
    ("alpha.py", "n = 1", "n = 2"),
    both=True,
)
edit(
    "a module whose name of itself is no text (seed 1795541300335)",
    {
        "alpha.py": "__name__ = ['x']\nclass A:\n    n = 1\nclass B(A):\n    pass\n",
        "flow.py": "import alpha\ndef step():\n    return alpha.B.n\n",
    },
    ("alpha.py", "n = 1", "n = 2"),
    both=True,
)

# -- what is put into a namespace of values

for _put in ("cfg.rate = 10", "cfg.parts = [10]", "cfg.inner = types.SimpleNamespace(n=10)"):
    edit(
        f"what the script sets in a namespace of a module, as {_put}",
        {
            "alpha.py": "import types\ncfg = types.SimpleNamespace(rate=1)\n",
            "flow.py": f"import alpha, types\nalpha.{_put}\ndef step():\n    return repr(alpha.cfg)\n",
        },
        ("flow.py", "10", "20"),
        main=True,
    )
    edit(
        f"what the script sets in its own namespace, as {_put}",
        {"flow.py": f"import types\ncfg = types.SimpleNamespace(rate=1)\n{_put}\ndef step():\n    return repr(cfg)\n"},
        ("flow.py", "10", "20"),
        both=True,
    )

# -- functions that stand on one line

edit(
    "a lambda that gives another one, in a list (seed 1795544288358)",
    {
        "alpha.py": "ALL = [lambda x: lambda y: y + 10, lambda x: x]\n",
        "flow.py": "import alpha\ndef step():\n    return alpha.ALL[0](2)(5)\n",
    },
    ("alpha.py", "10", "20"),
    both=True,
)
