"""Every kind of change that code can have is made alone, and does what it does, and nothing else."""

from __future__ import annotations

from pathlib import Path

from stories.telling import Project

LIB = """
    import functools
    from math import floor as rounded

    BASE = 1
    DOUBLE = BASE * 2

    def wrapped(function):
        @functools.wraps(function)
        def inner(*args):
            return function(*args) + 0
        return inner

    class Model:
        weight = 3

        def predict(self, x):
            return x * 0 + self.weight

    def use(x):
        return rounded(x + 0.5) - x

    REGISTRY = []
    REGISTRY.append(5)

    def registered():
        return sum(REGISTRY)
    """

FLOW = """
    import json, random
    from lib import DOUBLE, Model, registered, use, wrapped
    from twice import Pipeline

    CONFIG = {"a": 1, "b": [1, 2]}

    def make(n):
        def add(x):
            return x + n
        return add

    add = make(0)

    @wrapped
    def plain(x):
        return x

    nothing = lambda x: x * 1

    def read():
        with open("data.json") as file:
            return json.load(file)

    def total(read, depth=0):
        return {
            "decorated": plain(0), "closure": add(0), "method": Model().predict(1), "import": use(3), "double": DOUBLE,
            "config": sum(CONFIG["b"]), "lambda": nothing(1), "file": read, "registered": registered(), "depth": depth,
            "seed": random.random(),
        }

    pipeline = Pipeline(steps=[read, total], seed=0)
    """

EDITS = (
    ("lib.py", "floor as rounded", "ceil as rounded"),
    ("lib.py", "BASE = 1", "BASE = 5"),
    ("lib.py", "weight = 3", "weight = 35"),
    ("lib.py", "append(5)", "append(1005)"),
    ("lib.py", "function(*args) + 0", "more(function(*args))"),
    ("flow.py", "make(0)", "make(128)"),
    ("flow.py", '"b": [1, 2]', '"b": [257, 2]'),
    ("flow.py", "x * 1\n", "x * 513\n"),
    ("flow.py", "seed=0", "seed=7"),
    ("flow.py", "    return x\n\nnothing", "    x = x + 2048\n    return x\n\nnothing"),
)

ALONE = """
    import json
    from twice.actions.fetch import value
    from twice.actions.mixing import Mixing
    from twice.actions.mixtures import Mixtures, side_of
    from twice.project import Project

    store = Project.here().store
    project = Project.here()
    sides = [side_of(store, project.run_of(name), name) for name in ("v1", "v2")]
    mixtures = Mixtures(store, *sides)
    mixing = Mixing(store, mixtures)
    every = frozenset(factor.name for factor in mixtures.factors)

    def of(changes):
        return value(store, mixing.outputs(changes)["total"])

    before, after = of(frozenset()), of(every)
    alone = {}
    for name in sorted(every):
        for base, changes in ((before, frozenset({name})), (after, every - {name})):
            found = of(changes)
            changed = {key: abs(found[key] - base[key]) for key in base if found[key] != base[key]}
            alone.setdefault(name, []).append(changed)
    print(json.dumps([alone, {key: after[key] - before[key] for key in before}]))
    """


def test_each_change_alone_and_the_rest_without_it(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(lib_py=LIB, flow_py=FLOW)
    (tmp_path / "data.json").write_text("1")
    project.python("-m", "twice", "run", "flow.py", "--version", "v1")
    for edit in EDITS:
        project.edit(*edit)
    (tmp_path / "lib.py").write_text((tmp_path / "lib.py").read_text() + "\ndef more(x):\n    return x + 16\n")
    (tmp_path / "data.json").write_text("4097")
    project.python("-m", "twice", "run", "flow.py", "--version", "v2", "--param", "total.depth=8192")
    alone, whole = project.tell(ALONE)
    changed = {name: each for name, each in alone.items() if any(each)}
    assert changed == {
        "__main__:CONFIG": [{"config": 256}] * 2,
        "__main__:DOUBLE": [{"double": 8}] * 2,
        "__main__:make.<locals>.add cell n": [{"closure": 128}] * 2,
        "__main__:plain": [{"decorated": 2048}] * 2,
        "__main__:<lambda>": [{"lambda": 512}] * 2,
        "file data.json": [{"file": 4096}] * 2,
        "lib (on import)": [{"import": 1}] * 2,
        "lib:Model": [{"method": 32}] * 2,
        "lib:REGISTRY": [{"registered": 1000}] * 2,
        "lib:plain": [{"decorated": 16}] * 2,
        "parameter total.depth": [{"depth": 8192}] * 2,
        "seed": [{"seed": abs(whole["seed"])}] * 2,
    }
