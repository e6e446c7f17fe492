"""Edits of what was changed after it was made: functions, classes and modules that are not what their text says."""

# ruff: noqa: E501 - small programs read best as one line of a table

from __future__ import annotations

import functools

from edits import cases

CHANGED_LATER: list[cases.Edit] = []
edit = functools.partial(cases.edit, into=CHANGED_LATER)

# -- a module that says it is another one

for _what, _name in (("a list", "[1]"), ("an installed one's", "'math'"), ("another local one's", "'beta'")):
    for _part, _text, _old, _new in (
        ("function", "def f():\n    return 1\n", "return 1", "return 2"),
        ("class", "class f:\n    def __new__(cls):\n        return 1\n", "return 1", "return 2"),
        (
            "class without methods",
            "class K:\n    rate = 1\nclass f:\n    def __new__(cls):\n        return K.rate\n",
            "rate = 1",
            "rate = 2",
        ),
        ("constant", "X = 1\ndef f():\n    return X\n", "X = 1", "X = 2"),
    ):
        edit(
            f"a {_part} of a module whose name is {_what} changes",
            {
                "alpha.py": f"__name__ = {_name}\n{_text}",
                "beta.py": "from alpha import f\n",
                "flow.py": "import alpha\nfrom beta import f\ndef step():\n    return alpha.f(), f()\n",
            },
            ("alpha.py", _old, _new),
            matters=True,
        )
edit(
    "a module's name that it gave itself changes, where it is read",
    {
        "alpha.py": "__name__ = 'one'\ndef f():\n    return __name__\n",
        "flow.py": "import alpha\ndef step():\n    return alpha.f()\n",
    },
    ("alpha.py", "'one'", "'two'"),
    matters=True,
    both=True,
)
edit(
    "a class of which it is said that it is an installed library's changes",
    {
        "alpha.py": "class K:\n    rate = 1\nK.__module__ = 'math'\nOther = K\n",
        "flow.py": "from alpha import Other, K\nmine = K\ndef step():\n    return Other.rate, mine.rate\n",
    },
    ("alpha.py", "rate = 1", "rate = 2"),
    matters=True,
)
edit(
    "a function of a package that says it is the package's own changes",
    {
        "pkg/__init__.py": "from pkg.inner import f, K\nf.__module__ = K.__module__ = 'pkg'\n",
        "pkg/inner.py": "N = 1\ndef f():\n    return N\nclass K:\n    def get(self):\n        return N\n",
        "flow.py": "from pkg import f, K\ndef step():\n    return f(), K().get()\n",
    },
    ("pkg/inner.py", "N = 1", "N = 2"),
    matters=True,
    both=True,
)

# -- defaults and code that were set later

_METHOD = "class K:\n    def m(self, x=1, *, y=2):\n        return x + y\n    @staticmethod\n    def s(x=1):\n        return x\n    @classmethod\n    def c(cls, x=1):\n        return x\n    @property\n    def p(self):\n        return 1\n"
_CALLED = (
    "import alpha\n{}\ndef step():\n    k = alpha.K()\n    return k.m(*given), k.s(*given), k.c(*given), k.p\n".replace(
        "*given", ""
    )
)
for _what, _old, _new in (
    ("the defaults of a method", "alpha.K.m.__defaults__ = (5,)", "alpha.K.m.__defaults__ = (6,)"),
    ("the named defaults of a method", "alpha.K.m.__kwdefaults__ = {'y': 5}", "alpha.K.m.__kwdefaults__ = {'y': 6}"),
    ("the defaults of a static method", "alpha.K.s.__defaults__ = (5,)", "alpha.K.s.__defaults__ = (6,)"),
    (
        "the defaults of a class method",
        "alpha.K.c.__func__.__defaults__ = (5,)",
        "alpha.K.c.__func__.__defaults__ = (6,)",
    ),
    ("the defaults of a property", "alpha.K.p.fget.__defaults__ = (5,)", "alpha.K.p.fget.__defaults__ = (alpha.K(),)"),
):
    edit(
        f"{_what} are set from outside",
        {"alpha.py": _METHOD, "flow.py": _CALLED.format("")},
        ("flow.py", "import alpha\n", f"import alpha\n{_old}\n"),
        matters="property" not in _what,
        both=True,
        why="" if "property" not in _what else "what stands in a default counts, whether it is asked for or not",
    )
    if "property" not in _what:
        edit(
            f"{_what} are set otherwise from outside",
            {"alpha.py": _METHOD, "flow.py": _CALLED.format(_old)},
            ("flow.py", _old, _new),
            matters=True,
            both=True,
        )
for _what, _text in (
    ("positional", "f.__defaults__ = None\ntry:\n    f()\nexcept TypeError:\n    KNOWN = 5\nelse:\n    KNOWN = 6\n"),
):
    edit(
        f"the {_what} defaults of a function are taken away",
        {
            "alpha.py": "def f(x=1, *, y=2):\n    return x + y\n",
            "flow.py": "import alpha\ndef step():\n    try:\n        return alpha.f()\n    except TypeError:\n        return 'none'\n",
        },
        ("flow.py", "import alpha\n", "import alpha\nalpha.f.__defaults__ = None\n"),
        matters=True,
        both=True,
    )
edit(
    "the defaults of a method are taken away",
    {
        "alpha.py": "class K:\n    def m(self, x=1):\n        return x\n",
        "flow.py": "import alpha\ndef step():\n    try:\n        return alpha.K().m()\n    except TypeError:\n        return 'none'\n",
    },
    ("flow.py", "import alpha\n", "import alpha\nalpha.K.m.__defaults__ = None\n"),
    matters=True,
    both=True,
)
for _place, _file, _setting in (
    ("the script", "flow.py", "alpha.h.__code__ = g.__code__\n"),
    ("its own module", "alpha.py", "h.__code__ = g.__code__\n"),
):
    edit(
        f"the code that {_place} gave to a function changes",
        {
            "alpha.py": "def h(x):\n    return x\ndef caller():\n    return h(3)\n"
            + ("def g(x):\n    return x * 10\n" + _setting if _file == "alpha.py" else ""),
            "beta.py": "from alpha import h\nTABLE = {'h': h}\n",
            "flow.py": "import alpha, beta\n"
            + ("def g(x):\n    return x * 10\n" + _setting if _file == "flow.py" else "")
            + "def step():\n    return alpha.caller(), beta.h(4), beta.TABLE['h'](5)\n",
        },
        (_file, "x * 10", "x * 20"),
        matters=True,
        both=True,
    )
edit(
    "the code that a method was given changes",
    {
        "alpha.py": "class K:\n    def m(self, x=2):\n        return x\n",
        "flow.py": "import alpha\ndef other(self, x):\n    return x * 10\nalpha.K.m.__code__ = other.__code__\ndef step():\n    return alpha.K().m()\n",
    },
    ("flow.py", "x * 10", "x * 20"),
    matters=True,
    both=True,
)
edit(
    "the code that a function of the script was given changes",
    {"flow.py": "def h(x=4):\n    return x\nh.__code__ = (lambda x: x * 10).__code__\ndef step():\n    return h()\n"},
    ("flow.py", "x * 10", "x * 20"),
    matters=True,
    both=True,
)

# -- modules that change one another while they are imported

for _what, _inner, _beta, _use, _old, _new in (
    ("a number", "RATE = 400\n", "import inner\ninner.RATE += 5\n", "inner.RATE", "+= 5", "+= 6"),
    ("a list", "ITEMS = [1]\n", "import inner\ninner.ITEMS.append(5)\n", "inner.ITEMS", "append(5)", "append(6)"),
    (
        "a table",
        "ITEMS = {}\n",
        "import inner\ninner.ITEMS[len(inner.ITEMS)] = 5\n",
        "sorted(inner.ITEMS.items())",
        "= 5",
        "= 6",
    ),
    (
        "an object",
        "class Box:\n    def __init__(self):\n        self.items = []\nBOX = Box()\n",
        "import inner\ninner.BOX.items.append(5)\n",
        "inner.BOX.items",
        "append(5)",
        "append(6)",
    ),
    (
        "a class",
        "class Box:\n    count = 1\n",
        "import inner\ninner.Box.count += 5\n",
        "inner.Box.count",
        "+= 5",
        "+= 6",
    ),
):
    for _order in ("import inner, beta", "import beta, inner"):
        edit(
            f"what a module adds to {_what} of another changes, by {_order!r}",
            {
                "inner.py": _inner,
                "beta.py": _beta + "def f():\n    return 1\n",
                "flow.py": f"{_order}\ndef step():\n    return {_use}, beta.f()\n",
            },
            ("beta.py", _old, _new),
            matters=True,
            both=True,
        )
edit(
    "what a module adds to a number of another is reached before the module that adds",
    {
        "inner.py": "RATE = 400\ndef rate():\n    return RATE\n",
        "beta.py": "import inner\ninner.RATE += 5\ndef f():\n    return inner.rate()\n",
        "flow.py": "import inner, beta\nSEEN = inner.rate\ndef step():\n    first = SEEN()\n    import beta\n    return first, beta.f()\n",
    },
    ("beta.py", "+= 5", "+= 6"),
    matters=True,
    both=True,
)
edit(
    "a function that a module registers with an object of another changes",
    {
        "app.py": "class App:\n    def __init__(self):\n        self.routes = {}\n    def route(self, name):\n        def add(f):\n            self.routes[name] = f\n            return f\n        return add\nAPP = App()\n",
        "views.py": "from app import APP\n@APP.route('a')\ndef view():\n    return 1\n",
        "flow.py": "import app, views\ndef step():\n    return app.APP.routes['a']()\n",
    },
    ("views.py", "return 1", "return 2"),
    matters=True,
    both=True,
)
edit(
    "a function that a module appends to a list of another changes",
    {
        "app.py": "PLUGINS = []\n",
        "views.py": "from app import PLUGINS\ndef view():\n    return 1\nPLUGINS.append(view)\n",
        "flow.py": "import app, views\ndef step():\n    return [p() for p in app.PLUGINS], views.view()\n",
    },
    ("views.py", "return 1", "return 2"),
    matters=True,
    both=True,
)

# -- names that were put into a module

edit(
    "a name that a module's text does not bind is put there, and reached by sys.modules",
    {
        "space/part.py": "def f():\n    return PUT + 1\n",
        "flow.py": "import sys\nimport space.part\nvars(space.part)['PUT'] = 5\ndef step():\n    return sys.modules['space.part'].f()\n",
    },
    ("flow.py", "= 5", "= 6"),
    matters=True,
    both=True,
)
edit(
    "a name that a module's text does not bind is put there, and reached by a computed import",
    {
        "space/part.py": "def f():\n    return PUT + 1\n",
        "flow.py": "import importlib\nimport space.part\nspace.part.PUT = 5\nWHICH = 'part'\ndef step():\n    return importlib.import_module('space.' + WHICH).f()\n",
    },
    ("flow.py", "= 5", "= 6"),
    matters=True,
    both=True,
)
edit(
    "a subclass that is put into the place of its base changes",
    {
        "alpha.py": "class Base:\n    def go(self):\n        return 1\ndef make():\n    return Base().go()\n",
        "flow.py": "import alpha\nclass Sub(alpha.Base):\n    def go(self):\n        return super().go() + 10\nalpha.Base = Sub\ndef step():\n    return alpha.make(), isinstance(alpha.Base(), Sub)\n",
    },
    ("flow.py", "+ 10", "+ 20"),
    matters=True,
    both=True,
)
edit(
    "the base of a subclass that was put into its place changes",
    {
        "alpha.py": "class Base:\n    def go(self):\n        return 1\nclass Child(Base):\n    pass\ndef make():\n    return Base().go(), Child().go(), isinstance(Child(), Base), issubclass(Base, Child.__mro__[1])\n",
        "flow.py": "import alpha\nclass Sub(alpha.Base):\n    def go(self):\n        return super().go() + 10\nalpha.Base = Sub\ndef step():\n    return alpha.make()\n",
    },
    ("alpha.py", "return 1", "return 2"),
    matters=True,
    both=True,
)

# -- docstrings of modules

edit(
    "the docstring of a module that counts as a whole",
    {
        "alpha.py": "'''One.'''\nX = 1\n",
        "flow.py": "import alpha\ndef show(m):\n    return m.X\ndef step():\n    return show(alpha)\n",
    },
    ("alpha.py", "One", "Two"),
    matters=False,
    both=True,
)
for _what, _read in (
    ("by its name", "m.__doc__"),
    ("by getattr", "getattr(m, '__doc__')"),
    ("among all that it holds", "[v for v in vars(m).values() if str(v).startswith('!')]"),
    ("among all names", "[getattr(m, name) for name in dir(m) if name.startswith('__do')]"),
):
    edit(
        f"the docstring of a module that counts as a whole, where it is read {_what}",
        {
            "alpha.py": "'''!One.'''\nX = 1\n",
            "flow.py": f"import alpha\ndef show(m):\n    return {_read}\ndef step():\n    return show(alpha)\n",
        },
        ("alpha.py", "!One", "!Two"),
        matters=True,
        both=True,
    )

# -- found by the fuzzer: the programs are what its seeds were made small to

edit(
    "a name that a function uses gets declared local by an annotation without a value (seed 40000034)",
    {
        "flow.py": "def f():\n    return 1\ndef step():\n    try:\n        return f()\n    except UnboundLocalError:\n        return 'none'\n    other: int\n"
    },
    ("flow.py", "other: int", "f: int"),
    matters=True,
    both=True,
)

edit(
    "what a class needs whose name stands for something else by now (seed 40000129)",
    {
        "alpha.py": "RATE = 1\nclass Store:\n    def total(self):\n        return RATE\nstore = Store()\nStore, other = 5, Store\n",
        "flow.py": "import alpha\ndef step():\n    return alpha.store.total(), alpha.Store\n",
    },
    ("alpha.py", "RATE = 1", "RATE = 2"),
    matters=True,
    both=True,
)

edit(
    "a module that is reached by sys.modules, and whose name the script gave to a function (seed 50000036)",
    {
        "beta.py": "def f():\n    return 1\n",
        "flow.py": "import sys\nimport beta\ndef beta():\n    return 5\ndef step():\n    return sys.modules['beta'].f()\n",
    },
    ("beta.py", "return 1", "return 2"),
    matters=True,
    both=True,
)

edit(
    "what the script holds and is reached by sys.modules",
    {"flow.py": "import sys\nX = 1\ndef step():\n    return sys.modules['__main__'].X\n"},
    ("flow.py", "X = 1", "X = 2"),
    matters=True,
    main=True,
)

edit(
    "what was set on a class whose name leads to another one by now (seed 31000108)",
    {
        "alpha.py": "KINDS = []\nclass One:\n    weight = 1\nclass Two(One):\n    weight = 2\nKINDS += [One, Two]\nTwo.weight = 4\nTwo = One\n",
        "flow.py": "import alpha\ndef step():\n    return [k.weight for k in alpha.KINDS]\n",
    },
    ("alpha.py", "weight = 4", "weight = 5"),
    matters=True,
    both=True,
)

edit(
    "what an import of a submodule binds, in a module that is not loaded yet (seed 50000132)",
    {
        "pkg/__init__.py": "",
        "pkg/deep.py": "X = 1\n",
        "alpha.py": "import pkg.deep\ndef f():\n    return getattr(pkg, 'deep', 'none') == 'none'\n",
        "flow.py": "def step():\n    import alpha\n    return alpha.f()\n",
    },
    ("alpha.py", "import pkg.deep", "import pkg.deep as pkg"),
    matters=True,
    both=True,
)

edit(
    "what a function needs that is wrapped by an object and by a cache around it (seed 50000173)",
    {
        "alpha.py": "import functools\nRATE = 1\nclass Memo:\n    def __init__(self, f):\n        functools.update_wrapper(self, f)\n    def __call__(self, x):\n        return self.__wrapped__(x)\n@functools.cache\n@Memo\ndef f(x):\n    return x + RATE\n",
        "flow.py": "import alpha\nbound = alpha.f\ndef step():\n    return bound(2)\n",
    },
    ("alpha.py", "RATE = 1", "RATE = 2"),
    matters=True,
    both=True,
)
edit(
    "a name of the script that begins with an underscore, where all its names are looked at (seed 50000160)",
    {
        "flow.py": "_X = 1\ndef step():\n    return sorted(globals().items(), key=str)[0] and [v for k, v in globals().items() if k == '_' + 'X']\n"
    },
    ("flow.py", "_X = 1", "_X = 2"),
    matters=True,
    main=True,
)

# -- modules that were loaded by their path

_BY_PATH = "import importlib.util, sys\nspec = importlib.util.spec_from_file_location('tool', 'tools/one.py')\ntool = importlib.util.module_from_spec(spec)\n"
edit(
    "a module that was loaded by its path and put into sys.modules changes",
    {
        "tools/one.py": "N = 1\ndef f():\n    return N\nclass K:\n    def get(self):\n        return N\n",
        "flow.py": f"{_BY_PATH}sys.modules['tool'] = tool\nspec.loader.exec_module(tool)\ndef step():\n    return tool.f(), tool.K().get()\n",
    },
    ("tools/one.py", "N = 1", "N = 2"),
    matters=True,
    main=True,
)

edit(
    "a function of a class that a call made, whose name leads elsewhere by now",
    {
        "alpha.py": "def get(self):\n    return 4 + self.k\nMade = type('Made', (), {'k': 1, 'get': get})\nget = lambda *a: 8\n",
        "flow.py": "import alpha\ndef step():\n    return alpha.Made().get()\n",
    },
    ("alpha.py", "4 + self.k", "self.k - 4"),
    matters=True,
    both=True,
)
edit(
    "the base of a class that a call made, whose name leads elsewhere by now",
    {
        "alpha.py": "class Base:\n    n = 4\nMade = type('Made', (Base,), {})\nclass Base:\n    n = 9\n",
        "flow.py": "import alpha\ndef step():\n    return alpha.Made().n\n",
    },
    ("alpha.py", "n = 4", "n = 5"),
    matters=True,
    both=True,
)

REFUSED: dict[str, dict[str, str]] = {
    "a module that was loaded by its path": {
        "tools/one.py": "N = 1\ndef f():\n    return N\n",
        "flow.py": f"{_BY_PATH}spec.loader.exec_module(tool)\ndef step():\n    return tool.f()\n",
    },
    "a function of a module that was loaded by its path": {
        "tools/one.py": "N = 1\ndef f():\n    return N\n",
        "flow.py": f"{_BY_PATH}spec.loader.exec_module(tool)\nf = tool.f\ndef step():\n    return f()\n",
    },
    "a class of a module that was loaded by its path": {
        "tools/one.py": "N = 1\nclass K:\n    def get(self):\n        return N\n",
        "flow.py": f"{_BY_PATH}spec.loader.exec_module(tool)\nK = tool.K\ndef step():\n    return K().get()\n",
    },
    "an instance of a class of a module that was loaded by its path": {
        "tools/one.py": "N = 1\nclass K:\n    def get(self):\n        return N\n",
        "flow.py": f"{_BY_PATH}spec.loader.exec_module(tool)\nk = tool.K()\ndef step():\n    return k.get()\n",
    },
    "a function that runpy made": {
        "one.py": "N = 1\ndef f():\n    return N\n",
        "flow.py": "import runpy\nf = runpy.run_path('one.py')['f']\ndef step():\n    return f()\n",
    },
    "a class that runpy made": {
        "one.py": "N = 1\nclass K:\n    def get(self):\n        return N\n",
        "flow.py": "import runpy\nK = runpy.run_path('one.py', run_name='other')['K']\ndef step():\n    return K().get()\n",
    },
    "a class without methods that runpy made": {
        "one.py": "class K:\n    rate = 1\n",
        "flow.py": "import runpy\nK = runpy.run_path('one.py')['K']\ndef step():\n    return K.rate\n",
    },
}
"""Programs that only look as if they could be brought back; each is refused before anything runs."""
