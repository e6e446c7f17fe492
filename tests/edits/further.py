"""Edits for the items of the list of what is captured that need more than one file, or have a side that must not count."""

# ruff: noqa: E501 - small programs read best as one line of a table

from __future__ import annotations

from edits.cases import edit

INSTALLED = {
    "site-packages/thing/__init__.py": "def f():\n    return 3\n",
    "site-packages/thing-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
    "site-packages/thing-1.0.dist-info/top_level.txt": "thing\n",
    "site-packages/thing-1.0.dist-info/RECORD": "thing/__init__.py,,\nthing-1.0.dist-info/METADATA,,\n",
}
ON_THE_PATH = "import sys, os\nsys.path.insert(1, os.path.join(os.getcwd(), 'site-packages'))\n"
UPGRADE = ("site-packages/thing-1.0.dist-info/METADATA", "Version: 1.0", "Version: 1.1")

edit(
    "the version of an installed package that the step reaches",
    {**INSTALLED, "flow.py": ON_THE_PATH + "import thing\ndef step():\n    return thing.f()\n"},
    UPGRADE,
    matters=False,
    both=True,
    why="what another version does is not looked into",
)
edit(
    "the version of an installed package that a helper reaches",
    {
        **INSTALLED,
        "tool.py": "def g():\n    import thing\n    return thing.f()\n",
        "flow.py": ON_THE_PATH + "import tool\ndef step():\n    return tool.g()\n",
    },
    UPGRADE,
    matters=False,
    both=True,
    why="what another version does is not looked into",
)
edit(
    "the version of an installed package that the step does not reach",
    {
        **INSTALLED,
        "flow.py": ON_THE_PATH + "import thing\ndef other():\n    return thing.f()\ndef step():\n    return 1\n",
    },
    UPGRADE,
    matters=False,
    both=True,
)
EDITABLE = {
    "lib/src/thing/__init__.py": "def f():\n    return 3\ndef unused():\n    return 4\n",
    "site-packages/thing-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
    "site-packages/thing-1.0.dist-info/RECORD": "thing.pth,,\n",
    "site-packages/thing-1.0.dist-info/direct_url.json": '{"url": "file:lib", "dir_info": {"editable": true}}',
    "site-packages/thing.pth": "lib/src\n",
    "flow.py": "import sys, os\nsys.path[1:1] = [os.path.abspath('lib/src'), os.path.abspath('site-packages')]\n"
    "import thing\ndef step():\n    return thing.f()\n",
}
edit(
    "a function of an editable install",
    EDITABLE,
    ("lib/src/thing/__init__.py", "3", "5"),
    matters=True,
    both=True,
)
edit(
    "an unused function of an editable install",
    EDITABLE,
    ("lib/src/thing/__init__.py", "4", "5"),
    matters=False,
    both=True,
)
SHADOWING = {
    "colorsys.py": "def f():\n    return 3\ndef unused():\n    return 4\n",
    "flow.py": "import colorsys\ndef step():\n    return colorsys.f()\n",
}
edit("a module that shadows an installed one", SHADOWING, ("colorsys.py", "3", "5"), matters=True, both=True)
edit("an unused function of a module that shadows", SHADOWING, ("colorsys.py", "4", "5"), matters=False, both=True)
edit(
    "which module a shadowing one leaves when it goes",
    {"flow.py": "import colorsys\ndef step():\n    return colorsys.rgb_to_hsv(0, 0, 0)\n"},
    ("colorsys.py", "", "def rgb_to_hsv(r, g, b):\n    return 'mine'\n"),
    matters=True,
    both=True,
)
edit(
    "a helper that only annotations import",
    {
        "tool.py": "class T:\n    n = 3\n",
        "flow.py": "from __future__ import annotations\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tool import T\n"
        "def step(x: T = 1) -> T:\n    return x\n",
    },
    ("tool.py", "3", "4"),
    matters=False,
    both=True,
)
MOVED = "def f():\n    return 1\n\ndef g():\n    return 2\n\n"
edit(
    "a function moved below another",
    {"tool.py": MOVED, "flow.py": "import tool\ndef step():\n    return tool.f() + tool.g()\n"},
    ("tool.py", MOVED, "def g():\n    return 2\n\ndef f():\n    return 1\n\n"),
    matters=False,
    both=True,
)
edit(
    "a function moved to another module",
    {
        "tool.py": "def f():\n    return 1\n",
        "flow.py": "from tool import f\ndef step():\n    return f()\n",
    },
    ("home.py", "", "def f():\n    return 1\n"),
    ("tool.py", "def f():\n    return 1\n", "from home import f\n"),
    matters=False,
    both=True,
    why="a function is known by its module, which it can look at (`__module__`, its globals)",
)
edit("a renamed local variable", {"flow.py": "def step():\n    total = 1\n    return total\n"},
     ("flow.py", "total = 1\n    return total", "whole = 1\n    return whole"), matters=False, both=True)  # fmt: skip
edit(
    "a parameter's default",
    {"flow.py": "def step(n=3):\n    return n\n"},
    ("flow.py", "3", "4"),
    matters=True,
    both=True,
)
edit(
    "a constant that a re-exporting module has beside it",
    {
        "base.py": "A = 3\nB = 4\n",
        "tool.py": "from base import A, B\n",
        "flow.py": "from tool import A\ndef step():\n    return A\n",
    },
    ("base.py", "4", "5"),
    matters=False,
    both=True,
)
edit(
    "what a default that no step reaches is computed from",
    {"flow.py": "import math\nBASE = 3\ndef other(n=math.sqrt(BASE)):\n    return n\ndef step():\n    return 1\n"},
    ("flow.py", "BASE = 3", "BASE = 4"),
    matters=False,
    main=True,
)
edit(
    "a helper that a dead branch calls",
    {"flow.py": "def helper():\n    return 3\ndef step():\n    if False:\n        return helper()\n    return 1\n"},
    ("flow.py", "3", "4"),
    matters=False,
    both=True,
    why="whether a branch is ever taken is not decided",
)
RELOADED = "import importlib, pathlib\nimport tool\ntool.f()\npathlib.Path('tool.py').write_text('def f():\\n    return {}\\n')\nimportlib.invalidate_caches()\nimportlib.reload(tool)\ndef step():\n    return tool.f()\n"
edit(
    "a module that is written and loaded again",
    {"tool.py": "def f():\n    return 1000\n", "flow.py": RELOADED.format(20)},
    ("flow.py", "20", "301"),
    matters=True,
    both=True,
)
edit(
    "what a module said before it was loaded again",
    {"tool.py": "def f():\n    return 1000\n", "flow.py": RELOADED.format(20)},
    ("tool.py", "1000", "2000"),
    matters=False,
    main=True,
)
ASYNC = "import asyncio\nasync def work():\n    return await inner()\nasync def inner():\n    return 3\nasync def unused():\n    return 4\ndef step():\n    return asyncio.run(work())\n"
edit("a coroutine that a coroutine awaits", {"flow.py": ASYNC}, ("flow.py", "3", "5"), matters=True, both=True)
edit("a coroutine that nobody awaits", {"flow.py": ASYNC}, ("flow.py", "4", "5"), matters=False, both=True)
GENERATED = "def numbers():\n    yield from inner()\ndef inner():\n    yield 3\ndef unused():\n    yield 4\ndef step():\n    return list(numbers())\n"
edit(
    "a generator that a generator delegates to", {"flow.py": GENERATED}, ("flow.py", "3", "5"), matters=True, both=True
)
edit("a generator that nobody asks", {"flow.py": GENERATED}, ("flow.py", "4", "5"), matters=False, both=True)
LOOKED_UP = {
    "tool.py": "def f_a():\n    return 3\ndef f_b():\n    return 4\n",
    "flow.py": "import tool\nNAME = 'f_a'\ndef step():\n    return getattr(tool, NAME)()\n",
}
edit("what a computed name may look up", LOOKED_UP, ("tool.py", "4", "5"), matters=False, both=True,
     why="which name is looked up is known only when it runs, so the whole module counts")  # fmt: skip
edit(
    "a comment in a module that is looked into by name",
    LOOKED_UP,
    ("tool.py", "3\n", "3  # three\n"),
    matters=False,
    both=True,
)
edit(
    "an enum's member that is not used",
    {"flow.py": "import enum\nclass E(enum.Enum):\n    A = 1\n    B = 2\ndef step():\n    return E.A.value\n"},
    ("flow.py", "B = 2", "B = 3"),
    matters=False,
    both=True,
    why="a class counts with all that it holds",
)
edit(
    "a property that is not used",
    {
        "flow.py": "class C:\n    a = 1\n    @property\n    def b(self):\n        return 2\ndef step():\n    return C().a\n"
    },
    ("flow.py", "2", "3"),
    matters=False,
    both=True,
    why="a class counts with all that it holds",
)
edit(
    "an unused function beside a cached one",
    {
        "flow.py": "import functools\n@functools.lru_cache\ndef f():\n    return 3\ndef g():\n    return 4\ndef step():\n    return f()\n"
    },
    ("flow.py", "4", "5"),
    matters=False,
    both=True,
)
POOLED = "import multiprocessing\ndef f(x):\n    return x + 3\ndef step():\n    with multiprocessing.get_context('fork').Pool(1) as pool:\n        return pool.map(f, [1])\n"
edit("what a pool of processes carries out", {"flow.py": POOLED}, ("flow.py", "3", "5"), matters=True, main=True)
edit(
    "a comment in a script that makes a pool of processes",
    {"flow.py": POOLED},
    ("flow.py", "+ 3", "+ 3  # three"),
    matters=False,
    main=True,
)
