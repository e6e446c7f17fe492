"""Edits that act from a distance: settings, imports for their effects, frames, line numbers, arguments, pickles."""

# ruff: noqa: E501 - small programs read best as one line of a table

from __future__ import annotations

from edits.cases import edit

edit(
    "what a module that is only imported registers",
    {
        "reg.py": "TABLE = {}\n",
        "plug.py": "import reg\nreg.TABLE['a'] = 3\n",
        "flow.py": "import reg\nimport plug\ndef step():\n    return reg.TABLE\n",
    },
    ("plug.py", "3", "4"),
    matters=True,
    both=True,
)
edit(
    "a function that a module registers that is only imported",
    {
        "reg.py": "TABLE = {}\ndef register(f):\n    TABLE[f.__name__] = f\n    return f\n",
        "plug.py": "import reg\n@reg.register\ndef f():\n    return 3\n",
        "flow.py": "import reg\nimport plug\ndef step():\n    return reg.TABLE['f']()\n",
    },
    ("plug.py", "3", "4"),
    matters=True,
    both=True,
)
edit(
    "a setting made by a module that is only imported",
    {
        "plug.py": "import decimal\ndecimal.getcontext().prec = 3\n",
        "flow.py": "import decimal\nimport plug\ndef step():\n    return decimal.Decimal(1) / 3\n",
    },
    ("plug.py", "3", "4"),
    matters=True,
    both=True,
)
edit(
    "a variable set by a module that is only imported",
    {
        "plug.py": "import os\nos.environ['ZZ'] = '3'\n",
        "flow.py": "import os\nimport plug\ndef step():\n    return os.environ['ZZ']\n",
    },
    ("plug.py", "3", "4"),
    matters=True,
    both=True,
)
edit(
    "a class that a module registers that is only imported",
    {
        "base.py": "class Base:\n    kinds = {}\n    def __init_subclass__(cls, **k):\n        Base.kinds[cls.__name__] = cls\n",
        "plug.py": "import base\nclass P(base.Base):\n    n = 3\n",
        "flow.py": "import base\nimport plug\ndef step():\n    return base.Base.kinds['P'].n\n",
    },
    ("plug.py", "3", "4"),
    matters=True,
    both=True,
)
edit(
    "a dead function of a module that is only imported",
    {"plug.py": "def unused():\n    return 3\n", "flow.py": "import plug\ndef step():\n    return 1\n"},
    ("plug.py", "3", "4"),
    matters=False,
    both=True,
)
edit(
    "what a helper called at the top registers",
    {
        "reg.py": "TABLE = {}\n",
        "plug.py": "import reg\ndef go():\n    reg.TABLE['a'] = 3\n",
        "flow.py": "import reg\nimport plug\nplug.go()\ndef step():\n    return reg.TABLE\n",
    },
    ("plug.py", "3", "4"),
    matters=True,
    both=True,
)
edit(
    "a name looked up through a function's globals",
    {
        "lab.py": "X = 3\ndef g():\n    return 1\n",
        "flow.py": "import lab\ndef step():\n    return lab.g.__globals__['X']\n",
    },
    ("lab.py", "3", "4"),
    matters=True,
    both=True,
)
edit(
    "a name looked up through a helper's globals",
    {"flow.py": "X = 3\ndef g():\n    return 1\ndef step():\n    return g.__globals__['X']\n"},
    ("flow.py", "3", "4"),
    matters=True,
    both=True,
)
edit(
    "a name looked up through a method's globals",
    {
        "lab.py": "X = 3\nclass A:\n    def g(self):\n        return 1\n",
        "flow.py": "import lab\ndef step():\n    return lab.A().g.__func__.__globals__['X']\n",
    },
    ("lab.py", "3", "4"),
    matters=True,
    both=True,
)
edit(
    "a name looked up through globals taken by name",
    {
        "lab.py": "X = 3\ndef g():\n    return 1\n",
        "flow.py": "import lab\ndef step():\n    return getattr(lab.g, '__globals__')['X']\n",
    },
    ("lab.py", "3", "4"),
    matters=True,
    both=True,
)
edit(
    "a class that a pickle names",
    {
        "flow.py": "import pickle\nclass C:\n    n = 3\nBLOB = pickle.dumps(C())\ndef step():\n    return pickle.loads(BLOB).n\n"
    },
    ("flow.py", "n = 3", "n = 4"),
    matters=True,
    both=True,
)
edit(
    "the line in a traceback",
    {
        "flow.py": "X = 1\ndef step():\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        return e.__traceback__.tb_lineno\n"
    },
    ("flow.py", "def step", "\n\ndef step"),
    matters=True,
    both=True,
)
edit(
    "the line in a traceback, moved by a comment",
    {
        "flow.py": "def step():\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        return e.__traceback__.tb_lineno\n"
    },
    ("flow.py", "        1 / 0", "        # hi\n        1 / 0"),
    matters=True,
    both=True,
)
edit(
    "the line of a caller's frame",
    {"flow.py": "import sys\ndef g():\n    return sys._getframe(1).f_lineno\ndef step():\n    return g()\n"},
    ("flow.py", "def step", "\n\ndef step"),
    matters=True,
    both=True,
)
edit(
    "the first line of a function",
    {"flow.py": "X = 1\ndef step():\n    return step.__code__.co_firstlineno\n"},
    ("flow.py", "def step", "\n\ndef step"),
    matters=True,
    both=True,
)
edit(
    "the line in a stack",
    {"flow.py": "import traceback\ndef step():\n    return traceback.extract_stack()[-1].lineno\n"},
    ("flow.py", "def step", "\n\ndef step"),
    matters=True,
    both=True,
)
edit(
    "the line in a formatted traceback",
    {
        "flow.py": "import traceback\ndef step():\n    try:\n        1 / 0\n    except Exception:\n        return traceback.format_exc().split('line')[1]\n"
    },
    ("flow.py", "def step", "\n\ndef step"),
    matters=True,
    both=True,
)
edit(
    "a name looked up in the caller's frame",
    {
        "a.py": "import sys\ndef ask(text):\n    f = sys._getframe(1)\n    return eval(text, f.f_globals, f.f_locals)\n",
        "flow.py": "import a\nLIMIT = 3\ndef step():\n    return a.ask('LIMIT')\n",
    },
    ("flow.py", "LIMIT = 3", "LIMIT = 4"),
    matters=True,
    both=True,
)
edit(
    "a computed name looked up in the caller's frame",
    {
        "a.py": "import inspect\ndef ask(text):\n    f = inspect.currentframe().f_back\n    return f.f_globals[text]\n",
        "flow.py": "import a\nLIMIT = 3\ndef step():\n    return a.ask('LIM' + 'IT')\n",
    },
    ("flow.py", "LIMIT = 3", "LIMIT = 4"),
    matters=True,
    both=True,
)
edit(
    "a name looked up in the stack",
    {
        "a.py": "import inspect\ndef ask(text):\n    f = inspect.stack()[1].frame\n    return f.f_globals[text]\n",
        "flow.py": "import a\nLIMIT = 3\ndef step():\n    return a.ask('LIM' + 'IT')\n",
    },
    ("flow.py", "LIMIT = 3", "LIMIT = 4"),
    matters=True,
    both=True,
)
edit(
    "a setting made in a helper",
    {
        "flow.py": "import decimal\ndef setup():\n    decimal.getcontext().prec = 3\nsetup()\ndef step():\n    return decimal.Decimal(1) / 3\n"
    },
    ("flow.py", "prec = 3", "prec = 4"),
    matters=True,
    main=True,
)
edit(
    "a setting passed to a helper",
    {
        "flow.py": "import numpy as np\ndef setup(n):\n    np.set_printoptions(precision=n)\nsetup(3)\ndef step():\n    return str(np.array([1/3]))\n"
    },
    ("flow.py", "setup(3)", "setup(4)"),
    matters=True,
    main=True,
)
edit(
    "a setting made in a module's helper",
    {
        "a.py": "import decimal\ndef setup():\n    decimal.getcontext().prec = 3\n",
        "flow.py": "import decimal, a\na.setup()\ndef step():\n    return decimal.Decimal(1) / 3\n",
    },
    ("a.py", "prec = 3", "prec = 4"),
    matters=True,
    both=True,
)
edit(
    "a setting made in a loop",
    {"flow.py": "import os\nfor k in ['A', 'B']:\n    os.environ[k] = '3'\ndef step():\n    return os.environ['A']\n"},
    ("flow.py", "'3'", "'4'"),
    matters=True,
    main=True,
)
edit(
    "a setting made below the guard",
    {
        "flow.py": "import decimal\ndef step():\n    return decimal.Decimal(1) / 3\nif __name__ == '__main__':\n    decimal.getcontext().prec = 3\n"
    },
    ("flow.py", "prec = 3", "prec = 4"),
    matters=True,
    main=True,
)
edit(
    "the program's arguments",
    {"flow.py": "import sys\nsys.argv = ['x', '3']\ndef step():\n    return sys.argv[1:]\n"},
    ("flow.py", "'3'", "'4'"),
    matters=True,
    both=True,
)
edit(
    "the arguments that argparse reads",
    {
        "flow.py": "import sys, argparse\nsys.argv = ['x', '3']\ndef step():\n    p = argparse.ArgumentParser()\n    p.add_argument('n')\n    return p.parse_args().n\n"
    },
    ("flow.py", "'3'", "'4'"),
    matters=True,
    both=True,
)
edit(
    "a branch with a setting that is taken",
    {
        "flow.py": "import decimal\nif 1 > 2:\n    decimal.getcontext().prec = 3\ndef step():\n    return decimal.Decimal(1) / 3\n"
    },
    ("flow.py", "1 > 2", "1 < 2"),
    matters=True,
    main=True,
)
FLOOR = "import math\ndef step():\n    return math.floor(2.5) if hasattr(math, 'floor') else 'gone'\n"
for words, put in {
    "by setattr": "setattr(math, 'floor', math.ceil)",
    "by setattr in a loop": "for name in ('floor', 'trunc'):\n    setattr(math, name, math.ceil)",
    "by setattr in a helper": "def patch():\n    setattr(math, 'floor', math.ceil)\npatch()",
    "by setattr, a function of the script": "def nine(x):\n    return 9\nsetattr(math, 'floor', nine)",
    "by its own __setattr__": "math.__setattr__('floor', math.ceil)",
    "through vars": "vars(math).update(floor=math.ceil)",
    "by a patch of mock": "from unittest import mock\nmock.patch.object(math, 'floor', math.ceil).start()",
    "by del": "del math.floor",
    "by delattr": "delattr(math, 'floor')",
}.items():
    edit(
        f"something put into an installed module or taken out of it {words}",
        {"flow.py": FLOOR + "# here\n"},
        ("flow.py", "# here", put),
        matters=True,
        main=True,
    )
# seed 1795545712679
edit(
    "the import of a computed name is something else by now",
    {
        "pkg/__init__.py": "guarded = 5\n",
        "pkg/deep.py": "TEXT = 1\n",
        "flow.py": "import importlib\nWHICH = 'pkg'\nfrom pkg.deep import TEXT as TEXT_\ndef step():\n"
        "    return callable(importlib.import_module) and importlib.import_module(WHICH).guarded\n# here\n",
    },
    ("flow.py", "# here", "setattr(importlib, 'import_module', 3)"),
    matters=True,
    main=True,
)
