"""Names that were given to something else after a definition had found a base, a decorator or a metaclass under them."""

# ruff: noqa: E501 - small programs read best as one line of a table

from __future__ import annotations

import functools

from edits import cases
from edits.changed_later import CHANGED_LATER

edit = functools.partial(cases.edit, matters=True, into=CHANGED_LATER)

_PAIR = "class A:\n    n = 1\n    def go(self):\n        return 1\nclass B(A):\n    m = 2\n    def go(self):\n        return super().go() + 1\n"
for _what, _later, _also in (
    ("a function", "def A():\n    return 5\n", "A()"),
    ("a number, through globals", "globals()['A'] = 5\n", "A"),
    ("another class", "class A:\n    def go(self):\n        return 10\n", "A().go()"),
):
    edit(
        f"a base whose name was given to {_what}",
        {"flow.py": f"{_PAIR}{_later}def step():\n    return B().go(), B.n, {_also}\n"},
        ("flow.py", "return 1\nclass B", "return 3\nclass B"),
        both=True,
    )
edit(
    "a base without methods whose name was given to another class",
    {
        "flow.py": "class A:\n    n = 1\nclass B(A):\n    m = 2\nclass A:\n    n = 10\ndef step():\n    return B.n, B.m, A.n\n"
    },
    ("flow.py", "n = 1\n", "n = 3\n"),
    both=True,
)
edit(
    "a base from another module whose name was given to something else",
    {"alpha.py": "class A:\n    n = 1\n", "flow.py": "from alpha import A\nclass B(A):\n    m = 2\nb = B()\nA = 5\ndef step():\n    return b.n, B.m, A\n"},
    ("alpha.py", "n = 1", "n = 3"),
    both=True,
)  # fmt: skip
edit(
    "a generic base whose name was given to another class",
    {
        "flow.py": "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass A(Generic[T]):\n    n = 1\nclass B(A[int]):\n    m = 2\nclass A(Generic[T]):\n    n = 9\ndef step():\n    return B.n, B.m, A.n, len(B.__orig_bases__)\n"
    },
    ("flow.py", "n = 1\n", "n = 3\n"),
    both=True,
)
edit(
    "a metaclass whose name was given to another one",
    {
        "flow.py": "class M(type):\n    def go(cls):\n        return 1\nclass K(metaclass=M):\n    pass\nclass M(type):\n    def go(cls):\n        return 9\ndef step():\n    return K.go()\n"
    },
    ("flow.py", "return 1", "return 3"),
    both=True,
)

# -- a class in its own base's place, whose name leads elsewhere

_OLD = "class Old:\n    n = 1\n    def go(self):\n        return 1\ndef make():\n    return Old().go(), Old.n\n"
_PUT = "import alpha\nclass New(alpha.Old):\n    n = 2\n    def go(self):\n        return super().go() + 10\nalpha.Old = New\n"
for _what, _later in (
    ("a number", "New = 5\n"),
    ("another class", "class New:\n    def go(self):\n        return 100\n"),
    ("a further one in that place", "class New(alpha.Old):\n    def go(self):\n        return super().go() + 100\nalpha.Old = New\n"),
    ("nothing", "del New\n"),
):  # fmt: skip
    edit(
        f"a class that was put in its base's place, and whose name was given to {_what}",
        {"alpha.py": _OLD, "flow.py": f"{_PUT}{_later}def step():\n    return alpha.make()\n"},
        ("flow.py", "+ 10\n", "+ 20\n"),
        both=True,
    )
    edit(
        f"a class that a module put in its base's place, and whose name was given to {_what}",
        {
            "alpha.py": _OLD,
            "beta.py": _PUT + _later,
            "flow.py": "import alpha, beta\ndef step():\n    return alpha.make()\n",
        },
        ("beta.py", "+ 10\n", "+ 20\n"),
        both=True,
    )

# -- decorators

_ADD = "def deco(f):\n    def inner():\n        return f() + 1\n    return inner\n"
_CALL = "class deco:\n    k = 1\n    def __init__(self, f):\n        self.f = f\n    def __call__(self):\n        return self.f() + self.k\n"
for _what, _before, _later in (
    ("another one", _ADD, "def deco(f):\n    return f\n"),
    ("a number", _ADD, "deco = 5\n"),
    ("nothing", _ADD, "del deco\n"),
    ("another one, where it asked a helper", _ADD.replace("deco", "make") + "def deco(f):\n    return make(f)\n", "def deco(f):\n    return f\n"),
    ("another class", _CALL, _CALL.replace("k = 1", "k = 9")),
):  # fmt: skip
    edit(
        f"a decorator whose name was given to {_what}",
        {"flow.py": f"{_before}@deco\ndef g():\n    return 7\n{_later}def step():\n    return g()\n"},
        ("flow.py", "return 7", "return 8"),
        both=True,
    )
_FIELD = "class Field:\n    n = 1\n    def get(self):\n        return self.n\n"
for _what, _deco, _raw in (
    ("a context manager", "import contextlib\n@contextlib.contextmanager\n", "Field.__wrapped__()"),
    ("a function", "KEPT = []\ndef deco(c):\n    KEPT.append(c)\n    return lambda: 5\n@deco\n", "KEPT[0]()"),
    ("a class of its own", "def deco(c):\n    class Wider(c):\n        def get(self):\n            return super().get() + 1\n    return Wider\n@deco\n", "Field()"),
):  # fmt: skip
    edit(
        f"a class of which a decorator made {_what}",
        {"flow.py": f"{_deco}{_FIELD}f = {_raw}\ndef step():\n    return f.get()\n"},
        ("flow.py", "n = 1", "n = 3"),
        both=True,
    )
edit(
    "the base of a class that a function made for it",
    {
        "alpha.py": "def logged(Base):\n    class Logged(Base):\n        def go(self):\n            return super().go() + 1\n    return Logged\n",
        "flow.py": "from alpha import logged\nclass M:\n    def go(self):\n        return 1\nTwice = logged(logged(M))\nt = Twice()\ndef step():\n    return Twice().go(), t.go()\n",
    },
    ("flow.py", "return 1", "return 3"),
    both=True,
)
edit(
    "the class that a decorator made and gave the name of its base",
    {
        "alpha.py": "def logged(cls):\n    class Logged(cls):\n        def go(self):\n            return super().go() + 1\n    Logged.__name__ = cls.__name__\n    Logged.__qualname__ = cls.__qualname__\n    return Logged\n",
        "flow.py": "from alpha import logged\n@logged\nclass M:\n    def go(self):\n        return 1\nm = M()\ndef step():\n    return M().go(), m.go(), M.__name__\n",
    },
    ("alpha.py", "+ 1", "+ 2"),
    both=True,
)

# -- defaults of functions inside others, and code without a text

edit(
    "a default of an inner function, whose name is that of a variable which cannot be kept",
    {
        "flow.py": "import socket\nx = socket.socket()\ndef make():\n    x = 5\n    def inner(a=x):\n        return a\n    return inner\nf = make()\ndef step():\n    return f()\n"
    },
    ("flow.py", "x = 5", "x = 6"),
    both=True,
)
for _what, _text, _old, _new in (
    ("function", "exec('def f():\\n    return 1\\n')\n", "return 1", "return 2"),
    ("function by a template", "for name in ('f', 'g'):\n    exec(f'def {name}():\\n    return 1')\n", "return 1", "return 2"),
    ("function that uses a constant", "N = 1\nexec('def f():\\n    return N\\n')\n", "N = 1", "N = 2"),
    ("class", "exec('class f:\\n    def __new__(cls):\\n        return 1\\n')\n", "return 1", "return 2"),
):  # fmt: skip
    edit(
        f"a {_what} that exec makes while a module is imported",
        {"alpha.py": _text, "flow.py": "import alpha\nfrom alpha import f\ndef step():\n    return alpha.f(), f()\n"},
        ("alpha.py", _old, _new),
        both=True,
    )
edit(
    "what a class that comes out of a function calls its methods",
    {
        "alpha.py": "def make(k):\n    class Local:\n        def get(self):\n            return lambda: k\n    return Local\nL = make(2)\n",
        "flow.py": "from alpha import L\ndef step():\n    return L.get.__qualname__, L().get().__qualname__, L().get()()\n",
    },
    ("alpha.py", "make(2)", "make(3)"),
    both=True,
)
edit(
    "a body of three dots becomes a docstring",
    {"flow.py": "class K:\n    ...\n    def f(self):\n        ...\ndef step():\n    return K().f()\n"},
    ("flow.py", "        ...", "        'What it is.'"),
    both=True,
    matters=False,
)
edit(
    "a function beside others, in a module that is not loaded yet",
    {"alpha.py": "def f():\n    return 1\n", "flow.py": "def step():\n    import alpha\n    return alpha.f()\n"},
    ("alpha.py", "", "def g():\n    return 2\n"),
    both=True,
    matters=False,
    why="what a module holds that is not loaded yet is known only when the step runs, so all of it counts",
)
edit(
    "a function of a module whose own __getattr__ fails in its own way",
    {
        "alpha.py": "def __getattr__(name):\n    raise KeyError(name)\ndef f():\n    return 1\nclass K:\n    def go(self):\n        return 2\nk = K()\n",
        "flow.py": "import alpha\nm = alpha\ndef step():\n    try:\n        alpha.absent.more\n    except KeyError:\n        return getattr(m, 'f')(), vars(m)['k'].go()\n",
    },
    ("alpha.py", "return 1", "return 3"),
    both=True,
)

# -- variables of a module that cannot be kept as a whole, and were given something after the import

_STORE = "import threading\nclass Store:\n    def __init__(self):\n        self.lock = threading.Lock()\n        self.items = {}\n    def add(self, f):\n        with self.lock:\n            self.items[f.__name__] = f\n        return f\nSTORE = Store()\nSTORES = [STORE, Store()]\ndef seen():\n    return [sorted((k, v() if callable(v) else v) for k, v in s.items.items()) for s in STORES]\n"
_SEEN = "def step():\n    return inner.seen()\n"
for _what, _inner, _set, _old, _new in (
    ("an object with a lock", _STORE, "inner.STORE.items['a'] = 1\n", "= 1", "= 2"),
    ("an object with a lock, as a function", _STORE, "@inner.STORE.add\ndef one():\n    return 1\n", "return 1", "return 2"),
    ("an object with a lock in a list", _STORE, "inner.STORES[1].items['a'] = 1\n", "= 1", "= 2"),
    ("a context variable", "from contextvars import ContextVar\nRATE = ContextVar('rate', default=1)\ndef seen():\n    return RATE.get()\n", "inner.RATE.set(5)\n", "set(5)", "set(6)"),
    ("a thread's own variables", "import threading\nOWN = threading.local()\nOWN.k = 1\ndef seen():\n    return OWN.k, OWN.x\n", "inner.OWN.x = 5\n", "x = 5", "x = 6"),
    ("a queue", "import queue\nTODO = queue.Queue()\ndef seen():\n    return TODO.get_nowait()\n", "inner.TODO.put(5)\n", "put(5)", "put(6)"),
):  # fmt: skip
    edit(
        f"what was put into {_what} after the import",
        {"inner.py": _inner, "flow.py": f"import inner\n{_set}{_SEEN}"},
        ("flow.py", _old, _new),
        both=True,
    )
edit(
    "what another module registers with an object that has a lock",
    {
        "inner.py": _STORE,
        "views.py": "import inner\n@inner.STORE.add\ndef one():\n    return 1\n",
        "flow.py": f"import inner, views\n{_SEEN}",
    },
    ("views.py", "return 1", "return 2"),
    both=True,
)
edit(
    "what an object with a lock does on import",
    {"inner.py": _STORE + "STORE.items['b'] = 3\n", "flow.py": f"import inner\n{_SEEN}"},
    ("inner.py", "= 3", "= 4"),
    both=True,
)

edit(
    "what a decorator needs of the script, where a table holds what it defines",
    {
        "flow.py": "A_TABLE = {}\ndef register(name):\n    def add(function=z_default):\n        A_TABLE[name] = function\n        return function\n    return add\nz_default = 5\n@register('one')\ndef entry():\n    return z_default\ndef step():\n    return A_TABLE['one']()\n"
    },
    ("flow.py", "z_default = 5", "z_default = 6"),
    both=True,
)
edit(
    "the docstring of a function that an object wraps",
    {
        "alpha.py": "import functools\nclass Memo:\n    def __init__(self, f):\n        functools.update_wrapper(self, f)\n    def __call__(self):\n        return self.__wrapped__()\n@Memo\ndef f():\n    'One.'\n    return 1\n",
        "flow.py": "import alpha\nf = alpha.f\ndef step():\n    return f()\n",
    },
    ("alpha.py", "'One.'", "'Two.'"),
    both=True,
    matters=False,
    why="the object has it as a value of its own",
)

edit(
    "a function that has the name of its decorator",
    {
        "flow.py": "def deco(f):\n    def inner():\n        return f() + 1\n    return inner\n@deco\ndef deco():\n    return 1\ndef step():\n    return deco()\n"
    },
    ("flow.py", "return 1", "return 2"),
    both=True,
)

REFUSED_AS_SCRIPT: dict[str, dict[str, str]] = {
    "and the name of its decorator": {
        "flow.py": "def deco(c):\n    return c\n@deco\nclass K:\n    pass\ndef deco(c):\n    c.get = lambda self: 2\n    return c\ndef step():\n    return hasattr(K(), 'get')\n"
    },
    "was given to something else, by it or after it": {
        "flow.py": "KEPT = []\ndef deco(c):\n    KEPT.append(c)\n@deco\nclass deco:\n    n = 1\ndef step():\n    return KEPT[0].n\n"
    },
    "was given to something else after it": {
        "flow.py": "import collections\nP = collections.namedtuple('P', 'x')\ncollections = 5\ndef step():\n    return P(1)\n"
    },
    "a decorator that made something else of it": {
        "flow.py": "import dataclasses\nKEPT = []\ndef deco(c):\n    KEPT.append(c)\n    return 5\n@deco\n@dataclasses.dataclass\nclass K:\n    x: int = 1\nk = KEPT[0]()\ndef step():\n    return k.x\n"
    },
}
"""Scripts whose classes no way of carrying them out again would make, with words of the refusal."""
