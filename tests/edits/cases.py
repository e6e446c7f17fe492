"""The edits: what a program said before, what was changed, and whether the step must run again."""

# ruff: noqa: E501 - small programs read best as one line of a table

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True)
class Edit:
    """One edit of a small program.

    Attributes:
        name: What was edited, as a sentence's end: "… changes".
        before: The files before.
        after: The files after.
        matters: Whether the step's output changes, so that it must run again.
        main: The file to run as a script; else ``flow`` is imported.
        why: For an edit that does not matter and yet makes the step run again: the reason.
    """

    name: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    matters: bool
    main: str = ""
    why: str = ""


EDITS: list[Edit] = []


def edit(
    name: str,
    files: Mapping[str, str],
    *changes: tuple[str, str, str],
    matters: bool,
    main: bool = False,
    both: bool = False,
    why: str = "",
    into: list[Edit] = EDITS,
) -> None:
    """Note an edit: each change is a file, a text in it that is there once, and what stands there afterwards.

    Args:
        name: What is edited.
        files: The program.
        changes: The edits; an empty old text makes the file, or appends to it.
        matters: Whether the output changes.
        main: ``flow.py`` is run as a script.
        both: Once as a module, once as a script.
        why: The reason for a needless run.
        into: The list of edits that it belongs to.
    """
    before = {file: dedent(text).lstrip("\n") for file, text in files.items()}
    after = dict(before)
    for file, old, new in changes:
        if not old:
            after[file] = after.get(file, "") + dedent(new).lstrip("\n")
            continue
        assert after[file].count(old) == 1, (name, file, old)
        after[file] = after[file].replace(old, new)
    assert before != after, name
    for script in (False, True) if both else (main,):
        kind = " (script)" if script else ""
        into.append(Edit(name + kind, before, after, matters, "flow.py" if script else "", why))


HELPER = {
    "helpers.py": '''
        """Helpers."""

        import math

        LIMIT = 3
        UNUSED = 1

        def clean(values, factor=2):
            """Cleans."""
            total = []
            for value in values:
                total.append(value * factor)
            return total

        def other(x):
            return x + 1

        class Model:
            rate = 0.5

            def __init__(self, depth):
                self.depth = depth

            def fit(self, values):
                return sum(values) * self.rate + self.depth

            @property
            def size(self):
                return self.depth * 10

            @staticmethod
            def name():
                return "model"
        ''',
    "flow.py": """
        import helpers
        from helpers import LIMIT, Model

        FACTOR = 2

        def step():
            values = helpers.clean([1, 2, LIMIT])
            return values, FACTOR, Model(1).fit(values), Model(2).size, Model.name()
        """,
}

MATTERS = [
    ("a helper's body", "helpers.py", "value * factor", "value + factor"),
    ("a helper's default", "helpers.py", "factor=2", "factor=4"),
    ("a constant imported by name", "helpers.py", "LIMIT = 3", "LIMIT = 4"),
    ("a constant's type", "helpers.py", "LIMIT = 3", "LIMIT = 3.0"),
    ("a method", "helpers.py", "* self.rate +", "* self.rate -"),
    ("a class attribute", "helpers.py", "rate = 0.5", "rate = 0.25"),
    ("an initialiser", "helpers.py", "self.depth = depth", "self.depth = depth + 1"),
    ("a property", "helpers.py", "self.depth * 10", "self.depth * 11"),
    ("a static method", "helpers.py", '"model"', '"Model"'),
    ("the step's own constant", "flow.py", "FACTOR = 2", "FACTOR = True"),
    ("the step itself", "flow.py", "[1, 2, LIMIT]", "[1, LIMIT, 2]"),
]
for _name, _file, _old, _new in MATTERS:
    edit(_name, HELPER, (_file, _old, _new), matters=True, both=True)

DOES_NOT_MATTER = [
    ("a comment", "helpers.py", "total = []", "total = []  # everything"),
    ("a docstring", "helpers.py", '"""Cleans."""', '"""Cleans all."""'),
    ("a removed docstring", "helpers.py", '    """Cleans."""\n', ""),
    ("a module's docstring", "helpers.py", '"""Helpers."""', '"""Some helpers."""'),
    ("blank lines", "helpers.py", "def clean", "\n\n\n\ndef clean"),
    ("formatting", "helpers.py", "total.append(value * factor)", "total.append(\n            (value * factor),\n        )"),
    ("a renamed loop variable", "helpers.py", "for value in values:\n        total.append(value * factor)",
     "for item in values:\n        total.append(item * factor)"),
    ("an annotation", "helpers.py", "def clean(values, factor=2):", "def clean(values: list, factor: int = 2) -> list:"),
    ("an unused constant", "helpers.py", "UNUSED = 1", "UNUSED = 2"),
    ("an unused helper", "helpers.py", "x + 1", "x + 2"),
    ("an unused import", "helpers.py", "import math", "import cmath"),
    ("a new helper", "helpers.py", "def other", "def newer(x):\n    return x\n\n\ndef other"),
    ("a removed helper", "helpers.py", "def other(x):\n    return x + 1\n", ""),
    ("a comment in the step", "flow.py", "FACTOR = 2", "# times two\nFACTOR = 2"),
    ("a constant written otherwise", "flow.py", "FACTOR = 2", "FACTOR = 1 + 1"),
    ("quotes", "helpers.py", '"model"', "'model'"),
]  # fmt: skip
for _name, _file, _old, _new in DOES_NOT_MATTER:
    edit(_name, HELPER, (_file, _old, _new), matters=False, both=True)

# -- how a helper is reached


def reached(name: str, flow: str, files: Mapping[str, str] | None = None, *, both: bool = True) -> None:
    """A helper that is reached somehow: its body matters."""
    files = {"tool.py": "LIMIT = 1\ndef f(x):\n    return x * 10\n", "flow.py": flow, **(files or {})}
    edit(f"a helper, {name}", files, ("tool.py", "x * 10", "x * 20"), matters=True, both=both)


reached("imported as a module", "import tool\ndef step():\n    return tool.f(1)\n")
reached("imported under another name", "import tool as t\ndef step():\n    return t.f(1)\n")
reached("imported by name", "from tool import f\ndef step():\n    return f(1)\n")
reached("imported by another name", "from tool import f as g\ndef step():\n    return g(1)\n")
reached("imported by star", "from tool import *\ndef step():\n    return f(1)\n")
reached("imported inside the step", "def step():\n    import tool\n    return tool.f(1)\n")
reached("imported by name inside the step", "def step():\n    from tool import f as g\n    return g(1)\n")
reached(
    "imported inside the step if it is there",
    """
    def step():
        try:
            import tool
        except ImportError:
            tool = None
        return tool.f(1)
    """,
)
reached(
    "imported inside the step by name if it is there",
    """
    def step():
        try:
            from tool import f
        except ImportError:
            def f(x):
                return x
        return f(1)
    """,
)
reached(
    "imported if it is there",
    "try:\n    from tool import f\nexcept ImportError:\n    f = None\ndef step():\n    return f(1)\n",
)
reached(
    "imported by condition",
    "import sys\nif sys.version_info > (3,):\n    from tool import f\nelse:\n    f = None\ndef step():\n    return f(1)\n",
)
reached(
    "imported into a global variable",
    "def step():\n    global t\n    import tool as t\n    return t.f(1)\n",
)
reached(
    "imported in an outer function",
    "def step():\n    import tool\n    def inner():\n        return tool.f(1)\n    return inner()\n",
)
reached(
    "imported in a class body",
    "class Box:\n    import tool\n\n    def get(self):\n        return self.tool.f(1)\n\ndef step():\n    return Box().get()\n",
)
reached(
    "handed around as a module",
    "import tool\ndef call(m):\n    return m.f(1)\ndef step():\n    return call(tool)\n",
)
reached(
    "kept in a table of modules", "import tool\nTABLE = {'tool': tool}\ndef step():\n    return TABLE['tool'].f(1)\n"
)
reached("looked up by name", "import tool\ndef step():\n    return getattr(tool, 'f')(1)\n")
reached(
    "imported by a call",
    "import importlib\ndef step():\n    return importlib.import_module('tool').f(1)\n",
)
reached(
    "imported by a call at the top",
    "import importlib\ntool = importlib.import_module('tool')\ndef step():\n    return tool.f(1)\n",
)
reached("imported by __import__", "def step():\n    return __import__('tool').f(1)\n")
reached("in a variable", "import tool\nTABLE = {'f': tool.f}\ndef step():\n    return TABLE['f'](1)\n")
reached("as a default", "import tool\ndef step(f=tool.f):\n    return f(1)\n")
reached(
    "in a partial",
    "import functools, tool\nG = functools.partial(tool.f, 3)\ndef step():\n    return G()\n",
)
reached("in a lambda", "import tool\nG = lambda: tool.f(2)\ndef step():\n    return G()\n")
reached("in a comprehension", "import tool\ndef step():\n    return [tool.f(i) for i in range(3)]\n")
reached("through map", "from tool import f\ndef step():\n    return list(map(f, [1, 2]))\n")
reached(
    "in a closure",
    """
    import tool
    def make(g):
        def inner():
            return g(1)
        return inner
    step = make(tool.f)
    """,
    both=False,
)
reached(
    "behind a decorator",
    """
    import functools
    from tool import f
    def twice(g):
        @functools.wraps(g)
        def inner():
            return f(g())
        return inner
    @twice
    def step():
        return 3
    """,
)
reached(
    "behind a cache",
    """
    import functools
    import tool
    @functools.lru_cache
    def cached(x):
        return tool.f(x)
    def step():
        return cached(1)
    """,
)
reached(
    "by a registry",
    """
    import tool
    REGISTRY = {}
    def register(g):
        REGISTRY[g.__name__] = g
        return g
    @register
    def fancy(x):
        return tool.f(x)
    def step():
        return REGISTRY["fancy"](1)
    """,
)
reached(
    "by single dispatch",
    """
    import functools
    import tool
    @functools.singledispatch
    def convert(x):
        return x
    @convert.register
    def _(x: int):
        return tool.f(x)
    def step():
        return convert(1)
    """,
)
reached(
    "by single dispatch with a call",
    """
    import functools
    import tool
    @functools.singledispatch
    def convert(x):
        return x
    convert.register(int, tool.f)
    def step():
        return convert(1)
    """,
)
reached(
    "in a generator",
    "import tool\ndef rows():\n    yield tool.f(1)\ndef step():\n    return list(rows())\n",
)
reached(
    "in a coroutine",
    "import asyncio, tool\nasync def get():\n    return tool.f(1)\ndef step():\n    return asyncio.run(get())\n",
)
reached(
    "in a metaclass",
    """
    import tool
    class Meta(type):
        def __call__(cls, x):
            return tool.f(x)
    class Thing(metaclass=Meta):
        pass
    def step():
        return Thing(1)
    """,
)
reached(
    "in a base class",
    """
    import tool
    class Base:
        def go(self):
            return tool.f(1)
    class Child(Base):
        pass
    def step():
        return Child().go()
    """,
)
reached(
    "in a descriptor",
    """
    import tool
    class Field:
        def __get__(self, instance, owner):
            return tool.f(4)
    class Thing:
        field = Field()
    def step():
        return Thing().field
    """,
)
reached(
    "in a callable instance",
    """
    import tool
    class Caller:
        def __call__(self):
            return tool.f(4)
    CALL = Caller()
    def step():
        return CALL()
    """,
)
reached(
    "in a bound method",
    """
    import tool
    class Caller:
        def go(self):
            return tool.f(4)
    CALL = Caller().go
    def step():
        return CALL()
    """,
)
reached(
    "put onto a class",
    "import tool\nclass Thing:\n    pass\nThing.go = lambda self: tool.f(1)\ndef step():\n    return Thing().go()\n",
)
reached(
    "put into a module",
    "import tool, other\nother.g = tool.f\ndef step():\n    return other.g(1)\n",
    {"other.py": "def g(x):\n    return x\n"},
)
reached(
    "in a dataclass's default factory",
    """
    import tool
    from dataclasses import dataclass, field
    def make():
        return tool.f(2)
    @dataclass
    class Conf:
        depth: int = field(default_factory=make)
    def step():
        return Conf().depth
    """,
)
reached(
    "re-exported by a package",
    "import pkg\ndef step():\n    return pkg.f(1)\n",
    {"pkg/__init__.py": "from tool import f\n"},
)
reached(
    "that calls back and forth",
    """
    import tool, back
    def step():
        return back.ping(3)
    """,
    {
        "back.py": "import tool\ndef ping(n):\n    return tool.f(n + 1) if n < 1 else pong(n - 1)\n"
        "def pong(n):\n    return ping(n) + 1\n"
    },
)
reached(
    "with a walrus, in a match, in a with",
    """
    import contextlib, tool
    def step():
        with contextlib.nullcontext(tool.f) as g:
            match g(1):
                case value if (double := value * 2):
                    return double
    """,
)
reached("by eval", "from tool import f\ndef step():\n    return eval('f(1)')\n")
reached("by globals", "from tool import f\ndef step():\n    return globals()['f'](1)\n")
reached("by sys.modules", "import sys, tool\ndef step():\n    return sys.modules['tool'].f(1)\n")
reached("by operator.attrgetter", "import operator, tool\ndef step():\n    return operator.attrgetter('f')(tool)(1)\n")
reached(
    "in a thread",
    """
    import threading, tool
    def step():
        out = []
        thread = threading.Thread(target=lambda: out.append(tool.f(1)))
        thread.start()
        thread.join()
        return out
    """,
)
reached(
    "used by an iterator's class",
    """
    import tool
    class Rows:
        def __init__(self):
            self.n = 0
        def __iter__(self):
            return self
        def __next__(self):
            self.n += 1
            if self.n > 2:
                raise StopIteration
            return tool.f(self.n)
    def step():
        return list(Rows())
    """,
)
reached(
    "in an enum's method",
    """
    import enum, tool
    class Colour(enum.Enum):
        RED = 1
        def score(self):
            return tool.f(self.value)
    def step():
        return Colour.RED.score()
    """,
)
reached(
    "in a named tuple's method",
    """
    import typing, tool
    class Point(typing.NamedTuple):
        x: int
        def score(self):
            return tool.f(self.x)
    def step():
        return Point(1).score()
    """,
)
reached(
    "in a nested function's default",
    """
    import tool
    def step():
        def inner(f=tool.f):
            return f(1)
        return inner()
    """,
)
reached(
    "behind a decorator of its own",
    """
    import tool
    def shout(f):
        def inner(*a):
            return str(f(*a)) + "!"
        return inner
    g = shout(tool.f)
    def step():
        return g(1)
    """,
)
reached(
    "in a package by a relative import",
    "from pkg.a import go\ndef step():\n    return go()\n",
    {
        "pkg/__init__.py": "",
        "pkg/a.py": "from .b import mid\ndef go():\n    return mid()\n",
        "pkg/b.py": "from . import c\ndef mid():\n    return c.leaf()\n",
        "pkg/c.py": "from tool import f\ndef leaf():\n    return f(1)\n",
    },
)
reached(
    "in a namespace package",
    "from space.inner import go\ndef step():\n    return go()\n",
    {"space/inner.py": "from tool import f\ndef go():\n    return f(1)\n"},
)
reached(
    "behind a module's __getattr__",
    "import lazy\ndef step():\n    return lazy.anything(1)\n",
    {"lazy.py": "def __getattr__(name):\n    import tool\n    return tool.f\n"},
)
reached(
    "named in an installed library's callback",
    """
    import tool
    def step():
        return sorted([3, 1, 2], key=lambda x: -tool.f(x)), max([1, 2], key=tool.f) * tool.f(1)
    """,
)

# -- constants, and what is computed from them

edit(
    "a constant that another module re-exports",
    {"a.py": "LIMIT = 1\n", "b.py": "from a import LIMIT\n", "flow.py": "import b\ndef step():\n    return b.LIMIT\n"},
    ("a.py", "LIMIT = 1", "LIMIT = 2"),
    matters=True,
    both=True,
)
edit(
    "a constant computed from another",
    {"a.py": "BASE = 1\nLIMIT = BASE * 2\n", "flow.py": "from a import LIMIT\ndef step():\n    return LIMIT\n"},
    ("a.py", "BASE = 1", "BASE = 2"),
    matters=True,
    both=True,
)
edit(
    "a constant that a class body copies",
    {"flow.py": "DEPTH = 3\nclass Conf:\n    DEPTH = DEPTH\ndef step():\n    return Conf.DEPTH\n"},
    ("flow.py", "DEPTH = 3", "DEPTH = 4"),
    matters=True,
    both=True,
)
edit(
    "a constant that a class body copies, in a module",
    {
        "a.py": "depth = 3\nclass Conf:\n    depth = depth\n",
        "flow.py": "from a import Conf\ndef step():\n    return Conf.depth\n",
    },
    ("a.py", "depth = 3", "depth = 4"),
    matters=True,
    both=True,
)
edit(
    "a constant that a nested function declares global",
    {
        "flow.py": "x = 1\ndef step():\n    x = 5\n    def inner():\n        global x\n        return x\n    return inner(), x\n"
    },
    ("flow.py", "x = 1", "x = 2"),
    matters=True,
    both=True,
)
edit(
    "an item of a global dictionary",
    {"flow.py": "CONF = {'a': 1}\ndef step():\n    return CONF['a']\n"},
    ("flow.py", "'a': 1", "'a': 2"),
    matters=True,
    both=True,
)
edit(
    "an item put into a global dictionary later",
    {"a.py": "CONF = {}\n", "flow.py": "import a\na.CONF['k'] = 1\ndef step():\n    return a.CONF['k']\n"},
    ("flow.py", "= 1", "= 2"),
    matters=True,
    both=True,
)
edit(
    "a module's variable that the script sets",
    {
        "a.py": "LIMIT = 1\ndef f():\n    return LIMIT\n",
        "flow.py": "import a\na.LIMIT = 5\ndef step():\n    return a.f()\n",
    },
    ("flow.py", "= 5", "= 6"),
    matters=True,
    both=True,
)
edit(
    "a class attribute that the script sets",
    {
        "a.py": "class Conf:\n    depth = 1\n",
        "flow.py": "import a\na.Conf.depth = 5\ndef step():\n    return a.Conf.depth\n",
    },
    ("flow.py", "= 5", "= 6"),
    matters=True,
    both=True,
)
edit(
    "a class attribute that the script adds",
    {"flow.py": "class Conf:\n    pass\nConf.depth = 5\ndef step():\n    return Conf.depth\n"},
    ("flow.py", "= 5", "= 6"),
    matters=True,
    both=True,
)
edit(
    "a function's attribute",
    {"flow.py": "def f():\n    return f.rate\nf.rate = 1\ndef step():\n    return f()\n"},
    ("flow.py", "rate = 1", "rate = 2"),
    matters=True,
    both=True,
)
edit(
    "a function's attribute in a module",
    {"a.py": "def f():\n    return 1\nf.rate = 1\n", "flow.py": "import a\ndef step():\n    return a.f.rate\n"},
    ("a.py", "rate = 1", "rate = 2"),
    matters=True,
    both=True,
)
edit(
    "the cell of a closure",
    {
        "flow.py": "def make(k):\n    def inner(x):\n        return x * k\n    return inner\nf = make(2)\ndef step():\n    return f(1)\n"
    },
    ("flow.py", "make(2)", "make(3)"),
    matters=True,
    both=True,
)
edit(
    "one of two closures of the same text",
    {
        "flow.py": "def make(k):\n    def inner(x):\n        return x * k\n    return inner\nf, g = make(2), make(5)\ndef step():\n    return f(1), g(1)\n"
    },
    ("flow.py", "make(5)", "make(6)"),
    matters=True,
    both=True,
)
edit(
    "which of two closures is used",
    {
        "flow.py": "def make(k):\n    def inner(x):\n        return x * k\n    return inner\nf, g = make(2), make(5)\ndef step():\n    return f(1)\n"
    },
    ("flow.py", "f(1)", "g(1)"),
    matters=True,
    both=True,
)
edit(
    "the cell of a closure that is not used",
    {
        "flow.py": "def make(k):\n    def inner(x):\n        return x * k\n    return inner\nf, g = make(2), make(5)\ndef step():\n    return f(1)\n"
    },
    ("flow.py", "make(5)", "make(6)"),
    matters=False,
    both=True,
)
edit(
    "an attribute of a captured instance",
    {
        "flow.py": "class Conf:\n    def __init__(self, n):\n        self.n = n\nCONF = Conf(1)\ndef step():\n    return CONF.n\n"
    },
    ("flow.py", "Conf(1)", "Conf(2)"),
    matters=True,
    both=True,
)
edit(
    "an argument of a partial",
    {
        "flow.py": "import functools\ndef f(a, b):\n    return a - b\ng = functools.partial(f, 1)\ndef step():\n    return g(2)\n"
    },
    ("flow.py", "(f, 1)", "(f, 3)"),
    matters=True,
    both=True,
)
edit(
    "an argument of a decorator",
    {
        "flow.py": "def times(n):\n    def wrap(f):\n        def inner():\n            return f() * n\n        return inner\n    return wrap\n@times(2)\ndef step():\n    return 3\n"
    },
    ("flow.py", "times(2)", "times(3)"),
    matters=True,
)
edit(
    "a default computed at import",
    {"a.py": "def f(x=len('abc')):\n    return x\n", "flow.py": "import a\ndef step():\n    return a.f()\n"},
    ("a.py", "'abc'", "'abcd'"),
    matters=True,
    both=True,
)
edit(
    "a constant that a default is computed from",
    {"a.py": "N = 3\ndef f(x=N):\n    return x\n", "flow.py": "import a\ndef step():\n    return a.f()\n"},
    ("a.py", "N = 3", "N = 4"),
    matters=True,
    both=True,
)
edit(
    "a field of a dataclass",
    {
        "flow.py": "from dataclasses import dataclass\n@dataclass\nclass Conf:\n    depth: int = 3\ndef step():\n    return Conf()\n"
    },
    ("flow.py", "= 3", "= 4"),
    matters=True,
    both=True,
)
edit(
    "a field's annotation in a dataclass",
    {
        "flow.py": "from dataclasses import dataclass, fields\n@dataclass\nclass Conf:\n    depth: int = 3\ndef step():\n    return [f.type for f in fields(Conf)]\n"
    },
    ("flow.py", ": int", ": float"),
    matters=True,
    both=True,
)
edit(
    "an enum's member",
    {"flow.py": "import enum\nclass Colour(enum.Enum):\n    RED = 1\ndef step():\n    return Colour.RED.value\n"},
    ("flow.py", "RED = 1", "RED = 2"),
    matters=True,
    both=True,
)
edit(
    "the order of an enum's members",
    {
        "flow.py": "import enum\nclass Colour(enum.Enum):\n    RED = 1\n    BLUE = 2\ndef step():\n    return list(Colour)\n"
    },
    ("flow.py", "    RED = 1\n    BLUE = 2\n", "    BLUE = 2\n    RED = 1\n"),
    matters=True,
    both=True,
)
edit(
    "what a flag at import decides",
    {
        "a.py": "FAST = True\nif FAST:\n    def f():\n        return 'fast'\nelse:\n    def f():\n        return 'slow'\n",
        "flow.py": "import a\ndef step():\n    return a.f()\n",
    },
    ("a.py", "FAST = True", "FAST = False"),
    matters=True,
    both=True,
)
edit(
    "a flag that decides what is registered",
    {
        "a.py": "import b\nFLAG = True\nif FLAG:\n    b.add('x')\n",
        "b.py": "import decimal\ndef add(n):\n    decimal.getcontext().prec = 3\n",
        "flow.py": "import a, decimal\ndef step():\n    return a.b and decimal.Decimal(1) / decimal.Decimal(3)\n",
    },
    ("a.py", "FLAG = True", "FLAG = False"),
    matters=True,
    both=False,
)
edit(
    "an effect of importing a helper",
    {
        "a.py": "import decimal\ndecimal.getcontext().prec = 3\ndef f():\n    return decimal.Decimal(1) / decimal.Decimal(3)\n",
        "flow.py": "import a\ndef step():\n    return a.f()\n",
    },
    ("a.py", "prec = 3", "prec = 4"),
    matters=True,
    both=True,
)
edit(
    "an effect of importing a package",
    {
        "pkg/__init__.py": "import decimal\ndecimal.getcontext().prec = 3\n",
        "pkg/a.py": "import decimal\ndef f():\n    return decimal.Decimal(1) / decimal.Decimal(3)\n",
        "flow.py": "from pkg.a import f\ndef step():\n    return f()\n",
    },
    ("pkg/__init__.py", "prec = 3", "prec = 4"),
    matters=True,
    both=True,
)
edit(
    "an effect of importing a helper's helper",
    {
        "a.py": "import b\ndef f():\n    return b.decimal.Decimal(1) / 3\n",
        "b.py": "import c\nimport decimal\n",
        "c.py": "import decimal\ndecimal.getcontext().prec = 3\n",
        "flow.py": "import a\ndef step():\n    return a.f()\n",
    },
    ("c.py", "prec = 3", "prec = 4"),
    matters=True,
    both=True,
)
edit(
    "an effect inside a function called on import",
    {
        "a.py": "import decimal\ndef setup():\n    decimal.DefaultContext.prec = 3\n    decimal.setcontext(decimal.DefaultContext)\n    return 1\nREADY = setup()\ndef f():\n    return decimal.Decimal(1) / 3\n",
        "flow.py": "import a\ndef step():\n    return a.f()\n",
    },
    ("a.py", "prec = 3", "prec = 4"),
    matters=True,
    both=True,
)
edit(
    "an effect two functions down from a call on import",
    {
        "a.py": "import decimal\ndef deep():\n    decimal.DefaultContext.prec = 3\n    decimal.setcontext(decimal.DefaultContext)\ndef setup():\n    deep()\n    return 1\nREADY = setup()\ndef f():\n    return decimal.Decimal(1) / 3\n",
        "flow.py": "import a\ndef step():\n    return a.f()\n",
    },
    ("a.py", "prec = 3", "prec = 4"),
    matters=True,
    both=True,
)
edit(
    "a name with underscores around it",
    {
        "a.py": "__rate__ = 1\n__version__ = '1'\n",
        "flow.py": "import a\nfrom a import __rate__\ndef step():\n    return a.__version__, __rate__\n",
    },
    ("a.py", "__rate__ = 1", "__rate__ = 2"),
    matters=True,
    both=True,
)
edit(
    "the step's own name with underscores around it",
    {"flow.py": "__rate__ = 1\ndef step():\n    return __rate__\n"},
    ("flow.py", "__rate__ = 1", "__rate__ = 2"),
    matters=True,
    both=True,
)
edit(
    "a docstring that is read",
    {"flow.py": "def f():\n    'one'\ndef step():\n    return f.__doc__\n"},
    ("flow.py", "'one'", "'two'"),
    matters=True,
    both=True,
)
edit(
    "a docstring that is read by inspect",
    {"flow.py": "import inspect\ndef f():\n    'one'\ndef step():\n    return inspect.getdoc(f)\n"},
    ("flow.py", "'one'", "'two'"),
    matters=True,
    both=True,
)
edit(
    "a docstring that a method reads",
    {
        "flow.py": "class Base:\n    def tell(self):\n        return type(self).__doc__\nclass A(Base):\n    'one'\ndef step():\n    return A().tell()\n"
    },
    ("flow.py", "'one'", "'two'"),
    matters=True,
    both=True,
)
edit(
    "an annotation that is read",
    {"flow.py": "import typing\ndef f(x: int):\n    pass\ndef step():\n    return typing.get_type_hints(f)\n"},
    ("flow.py", "x: int", "x: float"),
    matters=True,
    both=True,
)
edit(
    "an annotation that a dispatch reads",
    {
        "flow.py": "import functools\n@functools.singledispatch\ndef f(x):\n    return 'any'\ndef g(x: int):\n    return 'special'\nf.register(g)\ndef step():\n    return f(1)\n"
    },
    ("flow.py", "x: int", "x: str"),
    matters=True,
    both=True,
)
edit(
    "a comment in source that is read",
    {"flow.py": "import inspect\ndef f():\n    return 1  # one\ndef step():\n    return inspect.getsource(f)\n"},
    ("flow.py", "# one", "# two"),
    matters=True,
    both=True,
)
edit(
    "the name of a local function that is told",
    {"flow.py": "def step():\n    def one():\n        pass\n    return one.__name__\n"},
    ("flow.py", "def one():\n        pass\n    return one.", "def two():\n        pass\n    return two."),
    matters=True,
    both=True,
)
edit(
    "the name of a local class that is told",
    {"flow.py": "def step():\n    class One:\n        pass\n    return type(One()).__name__\n"},
    ("flow.py", "class One:\n        pass\n    return type(One", "class Two:\n        pass\n    return type(Two"),
    matters=True,
    both=True,
)
edit(
    "the name of a local function that a decorator reads",
    {
        "flow.py": "NAMES = []\ndef note(f):\n    NAMES.append(f.__name__)\ndef step():\n    @note\n    def one():\n        pass\n    return NAMES[-1]\n"
    },
    ("flow.py", "def one", "def two"),
    matters=True,
    both=True,
)
edit(
    "the name of a local function that is only called",
    {"flow.py": "def step():\n    def one():\n        return 3\n    return one()\n"},
    ("flow.py", "def one():\n        return 3\n    return one", "def two():\n        return 3\n    return two"),
    matters=False,
    both=True,
)
edit(
    "local names that a query reads",
    {
        "flow.py": "import pandas as pd\ndef step():\n    low = 1\n    high = 2\n    return pd.DataFrame({'a': [1, 2, 3]}).query('a > @low')['a'].tolist()\n"
    },
    ("flow.py", "low = 1\n    high = 2", "high = 1\n    low = 2"),
    matters=True,
    both=True,
)
edit(
    "a global that a query reads",
    {
        "flow.py": "import pandas as pd\nLIMIT = 1\ndef step():\n    return pd.DataFrame({'a': [1, 2, 3]}).query('a > @LIMIT')['a'].tolist()\n"
    },
    ("flow.py", "LIMIT = 1", "LIMIT = 2"),
    matters=True,
    both=True,
)
edit(
    "names that eval reads",
    {"flow.py": "def step():\n    a = 1\n    b = 2\n    return eval('a')\n"},
    ("flow.py", "a = 1\n    b = 2", "b = 1\n    a = 2"),
    matters=True,
    both=True,
)
edit(
    "a monkey-patched function's body",
    {
        "a.py": "def f():\n    return 1\ndef g():\n    return f()\n",
        "flow.py": "import a\ndef mine():\n    return 2\na.f = mine\ndef step():\n    return a.g()\n",
    },
    ("flow.py", "return 2", "return 3"),
    matters=True,
    both=True,
)
edit(
    "an import that appears beside a missing one",
    {
        "flow.py": "def step():\n    try:\n        import fast\n        return fast.f()\n    except ImportError:\n        return 'slow'\n"
    },
    ("fast.py", "", "def f():\n    return 'fast'\n"),
    matters=True,
    both=True,
)
edit(
    "a method that overrides",
    {
        "flow.py": "class A:\n    def f(self):\n        return 1\nclass B(A):\n    pass\ndef step():\n    return B().f()\n"
    },
    ("flow.py", "class B(A):\n    pass", "class B(A):\n    def f(self):\n        return 2"),
    matters=True,
    both=True,
)
edit(
    "the order of bases",
    {"flow.py": "class A:\n    n = 1\nclass B:\n    n = 2\nclass C(A, B):\n    pass\ndef step():\n    return C.n\n"},
    ("flow.py", "C(A, B)", "C(B, A)"),
    matters=True,
    both=True,
)
edit(
    "a subclass that registers itself",
    {
        "a.py": "class Base:\n    kinds = []\n    def __init_subclass__(cls):\n        Base.kinds.append(cls.__name__)\nclass One(Base):\n    pass\n",
        "flow.py": "import a\ndef step():\n    return a.Base.kinds\n",
    },
    ("a.py", "", "class Two(Base):\n    pass\n"),
    matters=True,
    both=True,
)
edit(
    "a class found by __subclasses__",
    {
        "a.py": "class Base:\n    pass\nclass One(Base):\n    pass\n",
        "flow.py": "import a\ndef step():\n    return [c.__name__ for c in a.Base.__subclasses__()]\n",
    },
    ("a.py", "", "class Two(Base):\n    pass\n"),
    matters=True,
    both=True,
)
edit(
    "a method of a class found by __subclasses__",
    {
        "a.py": "class Base:\n    pass\nclass One(Base):\n    def f(self):\n        return 1\n",
        "flow.py": "import a\ndef step():\n    return [c().f() for c in a.Base.__subclasses__()]\n",
    },
    ("a.py", "return 1", "return 2"),
    matters=True,
    both=True,
)
edit(
    "a package's data path",
    {
        "flow.py": "from pathlib import Path\nNAME = 'a.txt'\ndef step():\n    return (Path(__file__).parent / NAME).name\n"
    },
    ("flow.py", "a.txt", "b.txt"),
    matters=True,
    both=True,
)
edit(
    "a star import's origin",
    {
        "a.py": "from b import *\n",
        "b.py": "RATE = 1\n_hidden = 5\n",
        "flow.py": "from a import *\ndef step():\n    return RATE\n",
    },
    ("b.py", "RATE = 1", "RATE = 2"),
    matters=True,
    both=True,
)
edit(
    "what __all__ lets through",
    {
        "a.py": "__all__ = ['len']\ndef len(x):\n    return -1\n",
        "flow.py": "from a import *\ndef step():\n    return len([1])\n",
    },
    ("a.py", "['len']", "[]"),
    matters=True,
    both=True,
)
edit(
    "a built-in that gets shadowed",
    {"flow.py": "def step():\n    return len([1])\n"},
    ("flow.py", "def step", "def len(x):\n    return -1\ndef step"),
    matters=True,
    both=True,
)
edit(
    "a function that sorts by another key",
    {
        "flow.py": "KEYS = [lambda r: r[0], lambda r: r[1]]\ndef step():\n    return sorted([(1, 2), (2, 1)], key=KEYS[0])\n"
    },
    ("flow.py", "KEYS[0]", "KEYS[1]"),
    matters=True,
    both=True,
)
edit(
    "one of two lambdas on a line",
    {"flow.py": "f, g = (lambda x: x + 1), (lambda x: x + 2)\ndef step():\n    return f(1), g(1)\n"},
    ("flow.py", "x + 2", "x + 3"),
    matters=True,
    both=True,
)
edit(
    "the other of two lambdas on a line",
    {"flow.py": "f, g = (lambda x: x + 1), (lambda x: x + 2)\ndef step():\n    return f(1)\n"},
    ("flow.py", "x + 2", "x + 3"),
    matters=False,
    both=True,
)
edit(
    "a constant under TYPE_CHECKING",
    {
        "flow.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import X\ndef step() -> 'X':\n    return 1\n",
        "a.py": "X = 1\n",
    },
    ("a.py", "X = 1", "X = 2"),
    matters=False,
    both=True,
)
edit(
    "the driver code of the script",
    {"flow.py": "def step():\n    return 1\nprint('driver')\n"},
    ("flow.py", "'driver'", "'other driver'"),
    matters=False,
    main=True,
)
edit(
    "the code below the guard",
    {"flow.py": "def step():\n    return 1\nif __name__ == '__main__':\n    x = 1\n"},
    ("flow.py", "x = 1", "x = 2"),
    matters=False,
    both=True,
)
edit(
    "the type of a mutable default's item",
    {"flow.py": "def f(xs=[1]):\n    return xs\ndef step():\n    return f()\n"},
    ("flow.py", "[1]", "[1.0]"),
    matters=True,
    both=True,
)
edit(
    "a global that a callee's callee reads",
    {
        "flow.py": "N = 1\ndef c():\n    return N\ndef b():\n    return c()\ndef a():\n    return b()\ndef step():\n    return a()\n"
    },
    ("flow.py", "N = 1", "N = 2"),
    matters=True,
    both=True,
)
edit(
    "a variable that a function sets as global",
    {
        "flow.py": "STATE = 0\ndef bump():\n    global STATE\n    STATE += 1\ndef step():\n    bump()\n    return STATE\n"
    },
    ("flow.py", "STATE = 0", "STATE = 5"),
    matters=True,
    both=True,
)
edit(
    "a weakly referenced default through getattr",
    {"a.py": "RATE = 1\n", "flow.py": "import a\ndef step():\n    return getattr(a, 'RATE', None)\n"},
    ("a.py", "RATE = 1", "RATE = 2"),
    matters=True,
    both=True,
)
edit(
    "a module's variable set by the script and looked up by name",
    {"a.py": "RATE = 1\n", "flow.py": "import a\na.RATE = 2\ndef step():\n    return getattr(a, 'RATE', None)\n"},
    ("flow.py", "RATE = 2", "RATE = 3"),
    matters=True,
    both=True,
)
edit(
    "a module's new variable set by the script and looked up by name",
    {"a.py": "RATE = 1\n", "flow.py": "import a\na.NEW = 2\ndef step():\n    return getattr(a, 'NEW', None)\n"},
    ("flow.py", "NEW = 2", "NEW = 3"),
    matters=True,
    both=True,
)
edit(
    "vars of a module",
    {"a.py": "RATE = 1\n", "flow.py": "import a\ndef step():\n    return vars(a)['RATE']\n"},
    ("a.py", "RATE = 1", "RATE = 2"),
    matters=True,
    both=True,
)
edit(
    "a class decorator",
    {
        "flow.py": "def rate(c):\n    c.rate = 1\n    return c\n@rate\nclass A:\n    pass\ndef step():\n    return A.rate\n"
    },
    ("flow.py", "rate = 1", "rate = 2"),
    matters=True,
    both=True,
)
edit(
    "a cached property",
    {
        "flow.py": "import functools\nclass A:\n    @functools.cached_property\n    def n(self):\n        return 1\ndef step():\n    return A().n\n"
    },
    ("flow.py", "return 1", "return 2"),
    matters=True,
    both=True,
)
edit(
    "a context manager",
    {
        "flow.py": "import contextlib\n@contextlib.contextmanager\ndef ctx():\n    yield 1\ndef step():\n    with ctx() as n:\n        return n\n"
    },
    ("flow.py", "yield 1", "yield 2"),
    matters=True,
    both=True,
)
edit(
    "a total order",
    {
        "flow.py": "import functools\n@functools.total_ordering\nclass A:\n    def __eq__(self, o):\n        return False\n    def __lt__(self, o):\n        return True\ndef step():\n    return A() > A()\n"
    },
    ("flow.py", "def __lt__(self, o):\n        return True", "def __lt__(self, o):\n        return False"),
    matters=True,
    both=True,
)
edit(
    "the text of an f-string that names a local",
    {"flow.py": "def step():\n    x = 1\n    return f'{x=}'\n"},
    ("flow.py", "x = 1\n    return f'{x=}'", "y = 1\n    return f'{y=}'"),
    matters=True,
    both=True,
)
edit(
    "a keyword's name",
    {"flow.py": "def f(**k):\n    return k\ndef step():\n    return f(a=1)\n"},
    ("flow.py", "a=1", "b=1"),
    matters=True,
    both=True,
)
edit(
    "a slot's name in locals()",
    {"flow.py": "def step():\n    a = 1\n    return locals()\n"},
    ("flow.py", "a = 1", "b = 1"),
    matters=True,
    both=True,
)


# -- what is not local counts as what it is

_LOOK = "\ndef step():\n    return [g(1.5) if g in (int, float) else getattr(g, '__name__', g)]\n"
for _name, _before, _after in (
    ("a function imported under the same name", "from math import floor as g", "from math import ceil as g"),
    ("a function under the same name", "import math\ng = math.floor", "import math\ng = math.ceil"),
    ("a constant imported under the same name", "from math import pi as g", "from math import e as g"),
    ("a class imported under the same name", "from io import BytesIO as g", "from io import StringIO as g"),
    (
        "an installed function imported under the same name",
        "from numpy import add as g",
        "from numpy import subtract as g",
    ),
    ("a built-in that a name stands for", "g = int", "g = float"),
    ("a module imported under the same name", "import math as g", "import cmath as g"),
):
    edit(f"{_name} is another one", {"flow.py": _before + _LOOK}, ("flow.py", _before, _after), matters=True, both=True)
edit(
    "a built-in that a closure holds is another one",
    {"flow.py": "def make(f):\n    return lambda: f(1.5)\ng = make(int)\ndef step():\n    return g()\n"},
    ("flow.py", "make(int)", "make(float)"),
    matters=True,
    both=True,
)
edit(
    "a class takes a type variable whose name is not its own",
    {
        "flow.py": "from alpha import Box\ndef step():\n    return Box(1).get()\n",
        "alpha.py": "from typing import Generic, TypeVar\nT_Box = TypeVar('T')\nclass Box(Generic[T_Box]):\n"
        "    def __init__(self, x: T_Box):\n        self.x = x\n    def get(self):\n        return self.x + 1\n",
    },
    ("alpha.py", "+ 1", "+ 2"),
    matters=True,
)
edit(
    "a cached function of another module changes, imported if it is there",
    {
        "flow.py": "try:\n    from alpha import f as g\nexcept ImportError:\n    g = None\ndef step():\n    return g(1)\n",
        "alpha.py": "import functools\n@functools.lru_cache\ndef f(x):\n    return x + 1\n",
    },
    ("alpha.py", "+ 1", "+ 2"),
    matters=True,
    both=True,
)
edit(
    "a module that is handed around is another one of the same text",
    {
        "flow.py": "import alpha as g\ndef step():\n    return (lambda m: m.__name__)(g)\n",
        "alpha.py": "X = 1\n",
        "beta.py": "X = 1\n",
    },
    ("flow.py", "import alpha", "import beta"),
    matters=True,
    both=True,
)
edit(
    "a step whose answers are kept changes",
    {"flow.py": "import functools\n@functools.lru_cache\ndef step():\n    return 1\n"},
    ("flow.py", "return 1", "return 2"),
    matters=True,
    both=True,
)
edit(
    "a helper of a step whose answers are kept changes",
    {
        "flow.py": "import functools\ndef double(f):\n    return lambda: f() * 2\n"
        "@functools.cache\n@double\ndef helper():\n    return 1\n@functools.cache\ndef step():\n    return helper()\n"
    },
    ("flow.py", "return 1", "return 3"),
    matters=True,
    both=True,
)
edit(
    "a function whose answers are kept, in a list of the script",
    {
        "flow.py": "import functools\n@functools.cache\ndef f():\n    return 1\nALL = [f]\ndef step():\n    return ALL[0]()\n"
    },
    ("flow.py", "return 1", "return 2"),
    matters=True,
    both=True,
)
edit(
    "what a module does at its import beside an attribute that fails in its own way",
    {
        "flow.py": "import alpha\ndef step():\n    return alpha.f()\n",
        "alpha.py": "class Odd:\n    def __getattr__(self, name):\n        raise ValueError(name)\nODD = Odd()\n"
        "if 0:\n    ODD.go()\ntry:\n    ODD.run(1)\nexcept ValueError:\n    pass\ndef f():\n    return 1\n",
    },
    ("alpha.py", "return 1", "return 2"),
    matters=True,
    both=True,
)
