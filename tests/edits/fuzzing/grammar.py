"""Small programs of several modules, made by chance out of the ways in which Python code depends on other code.

A program is a mapping of file names to texts; its ``flow.py`` has a function ``step`` whose answer depends on the rest.
Every construct is a method of :class:`Maker` that writes statements into some module and returns an expression for the
code that uses it; its parts are made in the same way, so constructs nest and chains run through several modules.
"""

# ruff: noqa: E501 - a construct reads best as the lines that it writes

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from textwrap import dedent

MODULES = ("flow", "alpha", "beta", "space.part", "pkg", "pkg.inner", "pkg.deep", "pkg.deep.core")
"""Each imports only later ones at its top level; ``space`` is a namespace package."""

PACKAGES = ("pkg", "pkg.deep")


def file_of(module: str) -> str:
    """The file of a module."""
    return module.replace(".", "/") + ("/__init__.py" if module in PACKAGES else ".py")


def make(random: Random) -> tuple[dict[str, str], bool]:
    """A program, and whether its ``flow.py`` is to be run as a script rather than imported."""
    maker = Maker(random)
    script = random.random() < 0.5
    maker.step()
    return maker.files(), script


class Maker:
    """Makes one program.

    Args:
        random: The only source of chance.
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        self.statements: dict[str, list[str]] = {module: [] for module in MODULES}
        self.data: dict[str, str] = {}
        self.numbers: Counter[str] = Counter()
        self.constructs: list[Callable[[str, int], str]] = [
            getattr(self, name) for name in sorted(vars(Maker)) if name.startswith("a_")
        ]
        self.styles: list[Callable[[str, str, str], str]] = [
            getattr(self, name) for name in sorted(vars(Maker)) if name.startswith("by_")
        ]

    def step(self) -> None:
        """The step itself, and all that it uses."""
        parts = [self.expression("flow", 2) for _ in range(self.random.randint(1, 3))]
        body = [f"    part{number} = {part}" for number, part in enumerate(parts)]
        names = ", ".join(f"part{number}" for number in range(len(parts)))
        self.write("flow", "\n".join(["def step():", *body, f"    return [{names}]"]))

    def files(self) -> dict[str, str]:
        """The program's files."""
        found = {}
        for module, statements in self.statements.items():
            first = [text for text in statements if text.startswith("from __future__")]
            rest = [text for text in statements if not text.startswith("from __future__")]
            found[file_of(module)] = "\n".join([*dict.fromkeys(first), *rest]) + "\n"
        return {**found, **self.data}

    # -- parts

    def write(self, module: str, text: str) -> None:
        """Add statements to a module; ``§`` stands for a new small number each."""
        text = dedent(text).strip("\n")
        while "§" in text:
            text = text.replace("§", str(self.number()), 1)
        self.statements[module].append(text)

    def number(self) -> int:
        return self.random.randint(1, 9)

    def fresh(self, module: str, stem: str) -> str:
        """A name that is new in a module; other modules may have it, too."""
        self.numbers[module] += 1
        return f"{stem}{self.numbers[module]}"

    def later(self, module: str) -> str:
        """A module that one may import at its top level, or itself."""
        return self.random.choice(MODULES[MODULES.index(module) :])

    def expression(self, module: str, depth: int, *names: str) -> str:
        """An expression for an integer, to be evaluated inside a function of a module."""
        if depth <= 0 or self.random.random() < 0.1:
            return self.random.choice([str(self.number()), *names])
        found = self.random.choice(self.constructs)(module, depth - 1)
        if names and self.random.random() < 0.5:
            found = f"{found} {self.random.choice(['+', '-', '*'])} {self.random.choice(names)}"
        elif self.random.random() < 0.2:
            found = f"({found}) % 97"
        return f"({found})"

    # -- how a name of one module is used in another

    def use(self, module: str, home: str, name: str) -> str:
        """An expression for a name of some module, to be used inside a function of another one."""
        if module == home:
            return (
                self.random.choice([name, name, name, f"globals()[{name!r}]"]) if self.random.random() < 0.1 else name
            )
        return self.random.choice(self.styles)(module, home, name)

    def by_import(self, module: str, home: str, name: str) -> str:
        self.write(module, f"import {home}")
        return f"{home}.{name}"

    def by_alias(self, module: str, home: str, name: str) -> str:
        alias = self.fresh(module, "alias")
        self.write(module, f"import {home} as {alias}")
        return f"{alias}.{name}"

    def by_from(self, module: str, home: str, name: str) -> str:
        self.write(module, f"from {home} import {name} as {name}_")
        return f"{name}_"

    def by_star(self, module: str, home: str, name: str) -> str:
        if self.statements[module] and f" {name}" in "\n".join(self.statements[module]):
            return self.by_from(module, home, name)
        self.write(module, f"from {home} import *")
        return name

    def by_relative(self, module: str, home: str, name: str) -> str:
        if not (module.startswith("pkg") and home.startswith("pkg.")):
            return self.by_from(module, home, name)
        dots = "." * (module.count(".") + (1 if module in PACKAGES else 0))
        alias = self.fresh(module, "near")
        self.write(module, f"from {dots}{home.removeprefix('pkg.')} import {name} as {alias}")
        return alias

    def by_sibling(self, module: str, home: str, name: str) -> str:
        parent, _, own = home.rpartition(".")
        if not parent:
            return self.by_import(module, home, name)
        alias = self.fresh(module, "sibling")
        self.write(module, f"from {parent} import {own} as {alias}")
        return f"{alias}.{name}"

    def by_function(self, module: str, home: str, name: str) -> str:
        getter = self.fresh(module, "get")
        how = self.random.choice(
            [f"from {home} import {name} as it\n    return it", f"import {home}\n    return {home}.{name}"]
        )
        self.write(module, f"def {getter}():\n    {how}")
        return f"{getter}()"

    def by_name(self, module: str, home: str, name: str) -> str:
        self.write(module, f"import importlib\nimport {home}")
        return self.random.choice(
            [f"importlib.import_module({home!r}).{name}", f"getattr({home}, {name!r})", f"vars({home})[{name!r}]"]
        )

    def by_computed_name(self, module: str, home: str, name: str) -> str:
        which = self.fresh(module, "WHICH")
        self.write(module, f"import importlib\n{which} = {home!r}")
        return f"getattr(importlib.import_module({which}), {name!r})"

    def by_trying(self, module: str, home: str, name: str) -> str:
        alias = self.fresh(module, "tried")
        self.write(module, f"try:\n    from {home} import {name} as {alias}\nexcept ImportError:\n    {alias} = None")
        return alias

    def by_condition(self, module: str, home: str, name: str) -> str:
        alias = self.fresh(module, "chosen")
        self.write(
            module,
            f"import sys\nif sys.version_info >= (3,):\n    from {home} import {name} as {alias}\nelse:\n    {alias} = None",
        )
        return alias

    def by_middle(self, module: str, home: str, name: str) -> str:
        middle = self.random.choice(MODULES[MODULES.index(module) : MODULES.index(home) + 1])
        if middle in (module, home):
            return self.by_from(module, home, name)
        alias = self.fresh(middle, "exported")
        self.write(middle, f"from {home} import {name} as {alias}")
        return self.use(module, middle, alias)

    def by_modules_table(self, module: str, home: str, name: str) -> str:
        self.write(module, f"import sys\nimport {home}")
        return f"sys.modules[{home!r}].{name}"

    def by_rebinding(self, module: str, home: str, name: str) -> str:
        alias = self.fresh(module, "bound")
        self.write(module, f"import {home}\n{alias} = {home}.{name}")
        return alias

    def by_parameter(self, module: str, home: str, name: str) -> str:
        function = self.fresh(module, "give")
        self.write(module, f"import {home}\ndef {function}(of={home}):\n    return of.{name}")
        return f"{function}()"

    def by_lazy_module(self, module: str, home: str, name: str) -> str:
        if "def __getattr__" in "\n".join(self.statements[module]) or module == "flow":
            return self.by_from(module, home, name)
        self.write(
            module,
            f"def __getattr__(wanted):\n    if wanted == 'lazy_{name}':\n        from {home} import {name}\n        return {name}\n    raise AttributeError(wanted)",
        )
        self.write(module, "import sys")
        return f"sys.modules[__name__].lazy_{name}"

    # -- constructs: values

    def a_constant(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "CONSTANT")
        self.write(
            n, self.random.choice([f"{name} = §", f"{name}: int = §", f"{name} = § * § + §", f"{name} = (§,)[0]"])
        )
        return self.use(m, n, name)

    def a_changed_constant(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "CHANGED")
        self.write(n, f"{name} = §")
        self.write(n, self.random.choice([
            f"{name} += §", f"{name} = {name} * §", f"if {name} > §:\n    {name} = §", f"for _ in range(§):\n    {name} += 1",
            f"globals()['{name}'] = §", f"del {name}\n{name} = §", f"def set{name}():\n    global {name}\n    {name} = §\nset{name}()",
        ]))  # fmt: skip
        return self.use(m, n, name)

    def a_table(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "TABLE")
        self.write(
            n,
            self.random.choice(
                [
                    f"{name} = [§, §]",
                    f"{name} = list(range(§))",
                    f"{name} = {{§: §}}",
                    f"{name} = {{*()}}",
                    f"{name} = [n * § for n in range(§)]",
                ]
            ),
        )
        if self.random.random() < 0.5:
            self.write(
                n,
                f"{name} = [*{name}]\n"
                + self.random.choice([f"{name}.append(§)", f"{name} += [§]", f"{name}[0:1] = [§]"]),
            )
        return f"sum({self.use(m, n, name)})"

    def a_text(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "TEXT")
        self.write(
            n,
            self.random.choice(
                [
                    f"{name} = 'a' * §",
                    f"{name} = f'{{§}}-{{§:0{self.number()}d}}'",
                    f"{name} = b'bytes'",
                    f"{name} = '%d' % §",
                ]
            ),
        )
        return f"len({self.use(m, n, name)})"

    # -- constructs: functions

    def a_function(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "work")
        inner = self.expression(n, d, "x", "total")
        body = self.random.choice([
            "total = x\n    for i in range(§):\n        total += i * §\n    total = total + {}",
            "total = §\n    if x > §:\n        total = {}\n    else:\n        total -= §",
            "total = 0\n    while total < §:\n        total += §\n    total, x = x + {}, total",
            "total = sum(i * j for i in range(§) for j in range(x % 4) if i != j) + {}".replace("{}", self.number().__str__()) + "\n    total += {}",
            "total = §\n    if (n := x * §) > 10:\n        total += n\n    total -= {}",
            "total = §\n    def inner():\n        nonlocal total\n        total += §\n        return total\n    total = inner() + {}",
            "total = §\n    try:\n        total //= (x - §)\n    except ZeroDivisionError as problem:\n        total += len(str(problem)[:1])\n    finally:\n        total += {}",
            "total = §\n    match (x, total):\n        case (§, _):\n            total = §\n        case (a, b) if a > b:\n            total = a - §\n        case [*rest]:\n            total = len(rest)\n    total += {}",
            "total = §\n    values = [x, §, §]\n    first, *others = values\n    total = first - len(others) + max(values, key=lambda v: -v) + {}",
            "total = §\n    assert x is not None, 'missing'\n    total = (lambda y, z=total: y * z)(x) + {}",
            "total = §\n    def count(n):\n        return 0 if n <= 0 else n + count(n - §)\n    total += count(§) + {}",
            "total = §\n    for i in range(§):\n        if i == §:\n            continue\n        if i > §:\n            break\n        total += i\n    else:\n        total = -1\n    total += {}",
            "total: int = §\n    with_default = {{'a': §, **{{'b': x}}}}\n    total += with_default.get('b', §) + {}".replace("{{", "{").replace("}}", "}"),
        ]).replace("{}", inner)  # fmt: skip
        default = self.random.choice(["", "=§", "=§ + 1", ": int = §", ": 'int' = §"])
        annotated = self.random.choice(["", " -> int", " -> 'int'"])
        doc = self.random.choice(["", '    """Works."""\n', '    """Works,\n\n    in steps.\n    """\n'])
        self.write(n, f"def {name}(x{default}){annotated}:\n{doc}    {body}\n    return total")
        return (
            f"{self.use(m, n, name)}({self.number()})"
            if "=" not in default or self.random.random() < 0.5
            else f"{self.use(m, n, name)}()"
        )

    def a_computed_default(self, m: str, d: int) -> str:
        n = self.later(m)
        constant, name = self.a_constant(n, d), self.fresh(n, "defaulted")
        self.write(n, self.random.choice([
            f"def {name}(x={constant}, *, y=[§]):\n    y = [*y, x]\n    return sum(y)",
            f"def {name}(x=({constant}, §)):\n    return x[0] - x[1]",
            f"{name} = lambda x={constant}: x * §",
        ]))  # fmt: skip
        return f"{self.use(m, n, name)}()"

    def a_lambda(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "small")
        self.write(n, f"{name} = lambda x, y=§: x * y + {self.expression(n, d, 'x')}")
        return f"{self.use(m, n, name)}(§)".replace("§", str(self.number()))

    def a_row_of_lambdas(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "row")
        self.write(n, f"{name} = [lambda x: x + §, lambda x: x * §, lambda x: {self.expression(n, d, 'x')}]")
        return f"{self.use(m, n, name)}[{self.random.randint(0, 2)}]({self.number()})"

    def a_table_of_functions(self, m: str, d: int) -> str:
        n = self.later(m)
        name, one, two = self.fresh(n, "BY_NAME"), self.fresh(n, "one"), self.fresh(n, "two")
        self.write(
            n,
            f"def {one}(x):\n    return x + §\ndef {two}(x):\n    return x - {self.expression(n, d, 'x')}\n{name} = {{'one': {one}, 'two': {two}}}",
        )
        return f"{self.use(m, n, name)}[{self.random.choice(['one', 'two'])!r}]({self.number()})"

    def a_closure(self, m: str, d: int) -> str:
        n = self.later(m)
        maker, name = self.fresh(n, "make"), self.fresh(n, "made")
        self.write(
            n,
            f"def {maker}(k):\n    cell = k + §\n    def inner(x):\n        return x * cell + {self.expression(n, d, 'x', 'cell')}\n    return inner\n{name} = {maker}(§)",
        )
        return f"{self.use(m, n, name)}({self.number()})"

    def a_shared_cell(self, m: str, d: int) -> str:
        n = self.later(m)
        maker, get, put = self.fresh(n, "pair"), self.fresh(n, "get"), self.fresh(n, "put")
        self.write(
            n,
            f"def {maker}():\n    state = §\n    def get():\n        return state\n    def put(value):\n        nonlocal state\n        state = value\n    return get, put\n{get}, {put} = {maker}()\n{put}(§)",
        )
        return f"{self.use(m, n, get)}()"

    def a_decorated(self, m: str, d: int) -> str:
        n = self.later(m)
        k = self.later(n)
        decorator, name = self.fresh(k, "decorate"), self.fresh(n, "decorated")
        wraps = self.random.choice(["    @functools.wraps(function)\n", ""])
        self.write(
            k,
            f"import functools\ndef {decorator}(function):\n{wraps}    def wrapper(*args, **kwargs):\n        return function(*args, **kwargs) + {self.expression(k, d)}\n    return wrapper",
        )
        if n == k:
            used = decorator
        else:
            used = self.fresh(n, "decorator")
            self.write(n, f"from {k} import {decorator} as {used}")
        self.write(n, f"@{used}\ndef {name}(x):\n    return x + §")
        return f"{self.use(m, n, name)}({self.number()})"

    def a_decorator_with_arguments(self, m: str, d: int) -> str:
        n = self.later(m)
        decorator, name = self.fresh(n, "times"), self.fresh(n, "timed")
        self.write(
            n,
            f"def {decorator}(count, *, plus=§):\n    def decorate(function):\n        def wrapper(x):\n            return function(x) * count + plus\n        return wrapper\n    return decorate\n@{decorator}(§)\ndef {name}(x):\n    return {self.expression(n, d, 'x')}",
        )
        return f"{self.use(m, n, name)}({self.number()})"

    def a_marking_decorator(self, m: str, d: int) -> str:
        n = self.later(m)
        decorator, name = self.fresh(n, "mark"), self.fresh(n, "marked")
        self.write(
            n,
            f"def {decorator}(function):\n    function.weight = §\n    return function\n@{decorator}\ndef {name}(x):\n    return x * {name}.weight + {self.expression(n, d, 'x')}",
        )
        return f"{self.use(m, n, name)}({self.number()})"

    def a_partial(self, m: str, d: int) -> str:
        n = self.later(m)
        base, name = self.fresh(n, "base"), self.fresh(n, "partial")
        self.write(
            n,
            f"import functools\ndef {base}(a, b, c=§):\n    return a * b - c + {self.expression(n, d, 'a', 'b')}\n{name} = functools.partial({base}, §, c=§)",
        )
        return f"{self.use(m, n, name)}({self.number()})"

    def a_function_with_attributes(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "holder")
        self.write(n, f"def {name}(x):\n    return x + {name}.step + {self.expression(n, d, 'x')}\n{name}.step = §")
        return f"{self.use(m, n, name)}({self.number()})"

    def a_cached(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "cached")
        how = self.random.choice(["functools.lru_cache(maxsize=None)", "functools.cache", "functools.lru_cache"])
        self.write(n, f"import functools\n@{how}\ndef {name}(x):\n    return x + {self.expression(n, d, 'x')}")
        return f"{self.use(m, n, name)}({self.number()})"

    def a_generator(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "stream")
        self.write(
            n,
            f"def {name}(count):\n    for i in range(count):\n        got = yield i * §\n        if got:\n            return\n    yield from [{self.expression(n, d, 'count')}]",
        )
        return f"sum({self.use(m, n, name)}({self.number()}))"

    def a_coroutine(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "later")
        self.write(m, "import asyncio")
        self.write(
            n,
            f"async def {name}(x):\n    async def inner():\n        return x * §\n    return await inner() + {self.expression(n, d, 'x')}",
        )
        return f"asyncio.run({self.use(m, n, name)}({self.number()}))"

    def a_dispatch(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "dispatch")
        self.write(
            n,
            f"import functools\n@functools.singledispatch\ndef {name}(x):\n    return §\n@{name}.register\ndef _(x: int):\n    return x + {self.expression(n, d, 'x')}\n@{name}.register(str)\ndef {name}_of_text(x):\n    return len(x) * §",
        )
        return f"{self.use(m, n, name)}({self.random.choice(['§', repr('abc'), 'None'])})".replace(
            "§", str(self.number())
        )

    def a_context(self, m: str, d: int) -> str:
        n = self.later(m)
        manager, name = self.fresh(n, "around"), self.fresh(n, "inside")
        self.write(
            n,
            f"import contextlib\n@contextlib.contextmanager\ndef {manager}(x):\n    yield x + {self.expression(n, d, 'x')}\ndef {name}(x):\n    with {manager}(x) as got, contextlib.suppress(KeyError):\n        return got * §",
        )
        return f"{self.use(m, n, name)}({self.number()})"

    def a_higher_order(self, m: str, d: int) -> str:
        n = self.later(m)
        key, name = self.fresh(n, "key"), self.fresh(n, "ordered")
        self.write(
            n,
            f"import functools, operator\ndef {key}(x):\n    return -x % §\ndef {name}():\n    ordered = sorted(range(§), key={key})\n    return functools.reduce(operator.sub, map({key}, ordered), {self.expression(n, d)})",
        )
        return f"{self.use(m, n, name)}()"

    def a_star_call(self, m: str, d: int) -> str:
        n = self.later(m)
        name, arguments = self.fresh(n, "star"), self.fresh(n, "ARGUMENTS")
        self.write(
            n,
            f"def {name}(a, /, b=§, *rest, c=§, **more):\n    return a - b * len(rest) + c * sum(more.values()) + {self.expression(n, d, 'a', 'b')}\n{arguments} = {{'c': §, 'd': §}}\ndef {name}_called():\n    return {name}(*[§, §, §], **{arguments})",
        )
        return f"{self.use(m, n, f'{name}_called')}()"

    def a_conditional_definition(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "either")
        self.write(n, self.random.choice([
            f"if § > §:\n    def {name}(x):\n        return x + §\nelse:\n    def {name}(x):\n        return x - {self.expression(n, d, 'x')}",
            f"try:\n    import nothing_of_that_name\n    def {name}(x):\n        return §\nexcept ImportError:\n    def {name}(x):\n        return x * §",
            f"def {name}(x):\n    return x + §\nwas_{name} = {name}\ndef {name}(x):\n    return was_{name}(x) * §",
            f"for number in (1, 2):\n    def {name}(x, number=number):\n        return x * number + §",
        ]))  # fmt: skip
        return f"{self.use(m, n, name)}({self.number()})"

    def a_recursion_between_modules(self, m: str, d: int) -> str:
        n = self.later(m)
        if n in (m, "flow") or m == "flow":
            return self.a_function(m, d)
        there, back = self.fresh(n, "there"), self.fresh(m, "back")
        self.write(n, f"def {there}(x):\n    from {m} import {back}\n    return § if x <= 0 else {back}(x - §)")
        self.write(
            m,
            f"def {back}(x):\n    return {self.use(m, n, there)}(x - §) + {self.expression(m, d, 'x')}".replace(
                "§", str(self.number())
            ),
        )
        return f"{back}({self.number()})"

    def a_global(self, m: str, d: int) -> str:
        n = self.later(m)
        name, counter = self.fresh(n, "count"), self.fresh(n, "COUNTER")
        self.write(
            n,
            f"{counter} = §\ndef {name}():\n    global {counter}\n    {counter} += §\n    return {counter} + {self.expression(n, d)}",
        )
        if self.random.random() < 0.3:
            self.write(n, f"{name}()")
        return f"{self.use(m, n, name)}()"

    # -- constructs: classes

    def a_class(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "Thing")
        self.write(
            n,
            f"""
class {name}:
    '''A thing.'''
    size = §
    __slots_hint__ = ('value',)

    def __init__(self, value=§):
        self.value = value

    @property
    def double(self):
        return self.value * § + self.size

    @double.setter
    def double(self, value):
        self.value = value // §

    @staticmethod
    def fixed(x):
        return x - §

    @classmethod
    def build(cls, x):
        return cls(x + cls.size)

    def total(self, x: int = §) -> int:
        return self.value + x + {self.expression(n, d, "x", "self.value")}
""",
        )
        if self.random.random() < 0.3:
            self.write(
                n,
                self.random.choice(
                    [
                        f"{name}.size = §",
                        f"{name}.size += §",
                        f"{name}.total = lambda self, x=§: x * §",
                        f"setattr({name}, 'size', §)",
                        f"{name}.fixed = staticmethod(lambda x: x + §)",
                    ]
                ),
            )
        use = self.use(m, n, name)
        return self.random.choice(
            [
                f"{use}(§).total()",
                f"{use}().double",
                f"{use}.build(§).total(§)",
                f"{use}.fixed(§)",
                f"{use}.size",
                f"getattr({use}(), 'tot' + 'al')()",
            ]
        ).replace("§", str(self.number()))

    def a_subclass(self, m: str, d: int) -> str:
        n = self.later(m)
        k = self.later(n)
        base, name = self.fresh(k, "Base"), self.fresh(n, "Derived")
        self.write(
            k,
            f"class {base}:\n    rate = §\n    def area(self):\n        return self.rate * self.side() + {self.expression(k, d)}\n    def side(self):\n        return §",
        )
        used = base if n == k else self.fresh(n, "Parent")
        if n != k:
            self.write(n, f"from {k} import {base} as {used}")
        self.write(
            n,
            f"class {name}({used}):\n    def side(self):\n        return super().side() + §\n    rate = {used}.rate + §",
        )
        return f"{self.use(m, n, name)}().area()"

    def a_mixin(self, m: str, d: int) -> str:
        n = self.later(m)
        one, two, name = self.fresh(n, "One"), self.fresh(n, "Two"), self.fresh(n, "Both")
        self.write(
            n,
            f"class {one}:\n    def who(self):\n        return §\nclass {two}:\n    def who(self):\n        return {self.expression(n, d)}\nclass {name}({', '.join(self.random.sample([one, two], 2))}):\n    pass",
        )
        return f"{self.use(m, n, name)}().who()"

    def a_metaclass(self, m: str, d: int) -> str:
        n = self.later(m)
        meta, name = self.fresh(n, "Meta"), self.fresh(n, "Made")
        self.write(
            n,
            f"class {meta}(type):\n    def __new__(mcs, name, bases, namespace, **options):\n        namespace['extra'] = § + options.get('plus', §)\n        return super().__new__(mcs, name, bases, namespace)\n    def __len__(cls):\n        return {self.expression(n, d)} % 50\nclass {name}(metaclass={meta}, plus=§):\n    own = §",
        )
        use = self.use(m, n, name)
        return self.random.choice([f"{use}.extra", f"abs(type({use}).__len__({use}))", f"{use}().extra + {use}.own"])

    def a_descriptor(self, m: str, d: int) -> str:
        n = self.later(m)
        kind, name = self.fresh(n, "Field"), self.fresh(n, "Record")
        self.write(
            n,
            f"class {kind}:\n    def __init__(self, default):\n        self.default = default\n    def __set_name__(self, owner, name):\n        self.name = name\n    def __get__(self, instance, owner):\n        return self.default * § + len(self.name) + {self.expression(n, d)}\nclass {name}:\n    field = {kind}(§)",
        )
        return f"{self.use(m, n, name)}().field"

    def a_dataclass(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "Data")
        self.write(
            n,
            f"from dataclasses import dataclass, field\n@dataclass(order=True{self.random.choice(['', ', frozen=True'])})\nclass {name}:\n    a: int = §\n    b: list = field(default_factory=lambda: [§, §])\n    def total(self):\n        return self.a + sum(self.b) + {self.expression(n, d, 'self.a')}",
        )
        use = self.use(m, n, name)
        return self.random.choice(
            [f"{use}().total()", f"{use}(§).total()", f"len(repr({use}()))", f"int({use}(§) < {use}(§))"]
        ).replace("§", str(self.number()))

    def a_enum(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "Colour")
        self.write(
            n,
            f"import enum\nclass {name}(enum.{self.random.choice(['Enum', 'IntEnum'])}):\n    RED = §\n    BLUE = 1§\n    def weight(self):\n        return self.value * § + {self.expression(n, d)}",
        )
        use = self.use(m, n, name)
        return self.random.choice(
            [f"{use}.RED.weight()", f"{use}['BLUE'].value", f"len({use}.__members__)", f"max(c.value for c in {use})"]
        )

    def a_callable_instance(self, m: str, d: int) -> str:
        n = self.later(m)
        kind, name = self.fresh(n, "Model"), self.fresh(n, "model")
        self.write(
            n,
            f"class {kind}:\n    def __init__(self, rate):\n        self.rate = rate\n    def __call__(self, x):\n        return x * self.rate + {self.expression(n, d, 'x')}\n{name} = {kind}(§)",
        )
        if self.random.random() < 0.3:
            self.write(n, f"{name}.rate += §")
        return f"{self.use(m, n, name)}({self.number()})"

    def a_operator(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "Vector")
        self.write(
            n,
            f"class {name}:\n    def __init__(self, x):\n        self.x = x\n    def __add__(self, other):\n        return {name}(self.x + other.x * §)\n    def __getitem__(self, at):\n        return self.x * at + {self.expression(n, d, 'at')}\n    def __iter__(self):\n        yield from (self.x, §)\n    def __eq__(self, other):\n        return self.x % § == other.x\n    def __hash__(self):\n        return §\n    def __getattr__(self, name):\n        if name.startswith('_'):\n            raise AttributeError(name)\n        return len(name) + §\n    def __contains__(self, x):\n        return x > §\n    def __enter__(self):\n        return self\n    def __exit__(self, *_):\n        return True",
        )
        use = self.use(m, n, name)
        return self.random.choice(
            [
                f"({use}(§) + {use}(§)).x",
                f"{use}(§)[§]",
                f"sum({use}(§))",
                f"int({use}(§) == {use}(§))",
                f"{use}(§).anything",
                f"int(§ in {use}(§))",
                f"len({{{use}(1), {use}(2)}})",
            ]
        ).replace("§", str(self.number()))

    def a_hook_of_subclasses(self, m: str, d: int) -> str:
        n = self.later(m)
        base, name = self.fresh(n, "Plugin"), self.fresh(n, "plugins")
        self.write(
            n,
            f"{name} = []\nclass {base}:\n    def __init_subclass__(cls, weight=§, **more):\n        super().__init_subclass__(**more)\n        cls.weight = weight\n        {name}.append(cls)\nclass {base}A({base}):\n    pass\nclass {base}B({base}, weight=§):\n    bonus = {self.number()}",
        )
        if self.random.random() < 0.5:
            return f"sum(p.weight for p in {self.use(m, n, name)})"
        return f"sum(getattr(p, 'bonus', 0) for p in {self.use(m, n, base)}.__subclasses__())"

    def a_named_tuple(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "Point")
        self.write(n, self.random.choice([
            f"from typing import NamedTuple\nclass {name}(NamedTuple):\n    x: int\n    y: int = §\n    def norm(self):\n        return self.x * § + self.y",
            f"import collections\n{name} = collections.namedtuple('{name}', 'x y', defaults=[§])\n{name}.norm = lambda self: self.x - self.y * §",
        ]))  # fmt: skip
        use = self.use(m, n, name)
        return self.random.choice([f"{use}(§).norm()", f"sum({use}(§))", f"len({use}._fields) * §"]).replace(
            "§", str(self.number())
        )

    def a_typed_dict(self, m: str, d: int) -> str:
        n = self.later(m)
        name, reader = self.fresh(n, "Shape"), self.fresh(n, "read")
        self.write(
            n,
            f"from typing import TypedDict, get_type_hints\nclass {name}(TypedDict, total=False):\n    a: int\n    b: '{self.random.choice(['str', 'list[int]'])}'\ndef {reader}():\n    return sum(len(str(hint)) + len(key) for key, hint in get_type_hints({name}).items())",
        )
        return f"{self.use(m, n, reader)}()"

    def a_abstract_class(self, m: str, d: int) -> str:
        n = self.later(m)
        base, name = self.fresh(n, "Abstract"), self.fresh(n, "Concrete")
        self.write(
            n,
            f"import abc\nclass {base}(abc.ABC):\n    @abc.abstractmethod\n    def get(self): ...\n    def both(self):\n        return self.get() * §\nclass {name}({base}):\n    def get(self):\n        return {self.expression(n, d)}\n{base}.register(str)",
        )
        use = self.use(m, n, name)
        return self.random.choice([f"{use}().both()", f"int(isinstance('', {self.use(m, n, base)})) + §"]).replace(
            "§", str(self.number())
        )

    def a_class_decorator(self, m: str, d: int) -> str:
        n = self.later(m)
        decorator, name = self.fresh(n, "adorn"), self.fresh(n, "Adorned")
        self.write(
            n,
            f"def {decorator}(cls):\n    cls.added = lambda self: self.own * § + {self.expression(n, d)}\n    cls.own += §\n    return cls\n@{decorator}\nclass {name}:\n    own = §",
        )
        return f"{self.use(m, n, name)}().added()"

    def a_cached_property(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "Lazy")
        self.write(
            n,
            f"import functools\nclass {name}:\n    @functools.cached_property\n    def value(self):\n        return § + {self.expression(n, d)}\n    @functools.singledispatchmethod\n    def of(self, x):\n        return §\n    @of.register\n    def _(self, x: int):\n        return x * §\n    part = functools.partialmethod(of, §)",
        )
        return self.random.choice(
            [f"{self.use(m, n, name)}().value", f"{self.use(m, n, name)}().of(3)", f"{self.use(m, n, name)}().part()"]
        )

    def a_class_made_in_a_function(self, m: str, d: int) -> str:
        n = self.later(m)
        maker, name = self.fresh(n, "factory"), self.fresh(n, "Local")
        self.write(
            n,
            f"def {maker}(k):\n    class Local:\n        def get(self):\n            return k * § + {self.expression(n, d, 'k')}\n    return Local\n{name} = {maker}(§)",
        )
        return f"{self.use(m, n, name)}().get()"

    def a_class_made_by_a_call(self, m: str, d: int) -> str:
        n = self.later(m)
        name, method = self.fresh(n, "Called"), self.fresh(n, "method")
        self.write(
            n,
            f"def {method}(self):\n    return self.k + {self.expression(n, d)}\n{name} = type('{name}', (), {{'k': §, 'get': {method}}})",
        )
        return f"{self.use(m, n, name)}().get()"

    def a_slot_class(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "Slots")
        self.write(
            n,
            f"class {name}:\n    __slots__ = ('x',)\n    def __init__(self):\n        self.x = §\n    def scaled(self, by=§):\n        return self.x * by + {self.expression(n, d)}\nthe_{name} = {name}()\nthe_{name}.x = §",
        )
        return f"{self.use(m, n, f'the_{name}')}.scaled()"

    def a_exception(self, m: str, d: int) -> str:
        n = self.later(m)
        kind, name = self.fresh(n, "Failure"), self.fresh(n, "risky")
        self.write(
            n,
            f"class {kind}(ValueError):\n    code = §\n    def __init__(self, what):\n        super().__init__(what)\n        self.what = what\ndef {name}(x):\n    try:\n        if x > §:\n            raise {kind}(x * §)\n        return {self.expression(n, d, 'x')}\n    except {kind} as failure:\n        return failure.code + failure.what",
        )
        return f"{self.use(m, n, name)}({self.number()})"

    def a_container_subclass(self, m: str, d: int) -> str:
        n = self.later(m)
        kind, name = self.fresh(n, "Default"), self.fresh(n, "counts")
        self.write(
            n,
            f"import collections\nclass {kind}(dict):\n    def __missing__(self, key):\n        return key * § + {self.expression(n, d, 'key')}\n{name} = collections.defaultdict(lambda: §, {{'a': §}})\ndef {name}_get():\n    return {name}['a'] - {name}['zz'] + {kind}()[§]",
        )
        return f"{self.use(m, n, f'{name}_get')}()"

    def a_generic_class(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "Box")
        self.write(
            n,
            f"from typing import Generic, TypeVar, Protocol\nT_{name} = TypeVar('T_{name}')\nclass {name}(Generic[T_{name}]):\n    def __init__(self, held: T_{name}) -> None:\n        self.held = held\n    def get(self) -> T_{name}:\n        return self.held * §\nclass Has_{name}(Protocol):\n    def get(self): ...",
        )
        return f"{self.use(m, n, name)}[int]({self.number()}).get()"

    # -- constructs: what happens on import, and from elsewhere

    def a_registry(self, m: str, d: int) -> str:
        n = self.later(m)
        k = self.later(n)
        table, register = self.fresh(k, "REGISTRY"), self.fresh(k, "register")
        self.write(
            k,
            f"{table} = {{}}\ndef {register}(name):\n    def add(function):\n        {table}[name] = function\n        return function\n    return add",
        )
        used = self.fresh(n, "enter")
        self.write(n, f"{used} = {register}" if n == k else f"from {k} import {register} as {used}")
        self.write(
            n,
            f"@{used}('first')\ndef {self.fresh(n, 'entry')}(x):\n    return x + §\n@{used}('second')\ndef {self.fresh(n, 'entry')}(x):\n    return x * {self.expression(n, d, 'x')}",
        )
        if m != n:
            self.write(m, f"import {n}")
        use = self.use(m, k, table)
        return self.random.choice(
            [f"{use}['first'](§)", f"{use}['second'](§)", f"sum(f(§) for f in {use}.values())", f"len({use})"]
        ).replace("§", str(self.number()))

    def a_patch(self, m: str, d: int) -> str:
        n = self.later(m)
        if n == m:
            return self.a_changed_constant(m, d)
        name, constant, other = self.fresh(n, "patched"), self.fresh(n, "PATCHED"), self.fresh(m, "instead")
        self.write(
            n,
            f"{constant} = §\ndef {name}(x):\n    return x + §\ndef {name}_caller(x):\n    return {name}(x) * § + {constant}",
        )
        self.write(m, f"import {n}\ndef {other}(x):\n    return x - {self.expression(m, d, 'x')}")
        self.write(
            m,
            self.random.choice(
                [
                    f"{n}.{name} = {other}",
                    f"{n}.{constant} = §",
                    f"setattr({n}, '{name}', {other})",
                    f"{n}.{constant} += §",
                    f"{n}.{name} = lambda x: x * §",
                    f"vars({n})['{constant}'] = §",
                ]
            ),
        )
        return f"{self.use(m, n, f'{name}_caller')}({self.number()})"

    def a_patched_class(self, m: str, d: int) -> str:
        n = self.later(m)
        name, method = self.fresh(n, "Patched"), self.fresh(m, "method")
        self.write(n, f"class {name}:\n    rate = §\n    def get(self, x=§):\n        return x * self.rate")
        use = name if n == m else f"{n}.{name}"
        if n != m:
            self.write(m, f"import {n}")
        self.write(m, f"def {method}(self, x=§):\n    return x - self.rate + {self.expression(m, d, 'x')}")
        self.write(
            m,
            self.random.choice(
                [
                    f"{use}.get = {method}",
                    f"{use}.rate = §",
                    f"{use}.get = lambda self: §",
                    f"{use}.get.__defaults__ = (§,)",
                ]
            ),
        )
        return f"{self.use(m, n, name)}().get()"

    def a_loop_on_import(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "filled")
        self.write(
            n,
            f"{name} = {{}}\nfor number in range(§):\n    {name}[number] = number * §\nif § > §:\n    {name}.pop(0, None)",
        )
        return f"sum({self.use(m, n, name)}.values())"

    def a_call_on_import(self, m: str, d: int) -> str:
        n = self.later(m)
        function, name = self.fresh(n, "compute"), self.fresh(n, "computed")
        self.write(n, f"def {function}(x):\n    return [x, {self.expression(n, d, 'x')}]\n{name} = {function}(§)")
        return f"{self.use(m, n, name)}[{self.random.randint(0, 1)}]"

    def a_instance_on_import(self, m: str, d: int) -> str:
        n = self.later(m)
        kind, name = self.fresh(n, "Store"), self.fresh(n, "store")
        self.write(
            n,
            f"class {kind}:\n    def __init__(self):\n        self.items = []\n    def add(self, item):\n        self.items.append(item * §)\n        return self\n    def total(self):\n        return sum(self.items) + {self.expression(n, d)}\n{name} = {kind}()\n{name}.add(§).add(§)",
        )
        return f"{self.use(m, n, name)}.total()"

    def a_data_file(self, m: str, d: int) -> str:
        n = self.random.choice([p for p in MODULES[MODULES.index(m) :] if p != "flow"] or [m])
        data = f"data{self.number()}.txt"
        folder = file_of(n).rpartition("/")[0]
        self.data[f"{folder}/{data}" if folder else data] = "x" * self.number()
        name = self.fresh(n, "read")
        self.write(n, self.random.choice([
            f"from pathlib import Path\ndef {name}():\n    return len(Path(__file__).with_name('{data}').read_text())",
            f"from pathlib import Path\n{name}_text = Path(__file__).with_name('{data}').read_text()\ndef {name}():\n    return len({name}_text) * §",
        ]))  # fmt: skip
        return f"{self.use(m, n, name)}()"

    def a_star_with_all(self, m: str, d: int) -> str:
        n = self.later(m)
        if n == m or "__all__" in "\n".join(self.statements[n]):
            return self.a_constant(m, d)
        name, hidden = self.fresh(n, "public"), self.fresh(n, "hidden")
        self.write(n, f"{name} = §\n_{hidden} = §\n__all__ = ['{name}', '_{hidden}']")
        reader = self.fresh(m, "starred")
        self.write(m, f"{name} = §\nfrom {n} import *\ndef {reader}():\n    return {name} + §")
        return f"{reader}()"

    def a_module_attribute(self, m: str, d: int) -> str:
        n = self.later(m)
        if n in ("flow", m) or "def __getattr__" in "\n".join(self.statements[n]):
            return self.a_constant(m, d)
        self.write(
            n,
            f"def __getattr__(name):\n    if name.startswith('dynamic'):\n        return len(name) * § + {self.expression(n, d)}\n    raise AttributeError(name)",
        )
        self.write(m, f"import {n}")
        return f"{n}.dynamic{self.number()}"

    def a_guard(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "guarded")
        self.write(
            n,
            f"{name} = §\nif __name__ == '__main__':\n    {name} = §"
            + self.random.choice(["", f"\nelse:\n    {name} += §"]),
        )
        return self.use(m, n, name)

    # -- constructs: what is changed after it was made, and what modules do to one another

    def a_pair_of_closures(self, m: str, d: int) -> str:
        n = self.later(m)
        maker, one, two = self.fresh(n, "twins"), self.fresh(n, "one"), self.fresh(n, "two")
        self.write(
            n,
            f"def {maker}(k, by=§):\n    return lambda x: x * k + by + {self.expression(n, d, 'x', 'k')}\n{one}, {two} = {maker}(§), {maker}(§, by=§)",
        )
        return f"{self.use(m, n, self.random.choice([one, two]))}({self.number()})"

    def a_default_that_is_computed(self, m: str, d: int) -> str:
        n = self.later(m)
        base, name = self.fresh(n, "BASE"), self.fresh(n, "defaulted")
        self.write(n, f"{base} = §")
        default = self.random.choice([base, f"[{base}, §]", f"len('x' * {base})", f"lambda: {base} + §"])
        self.write(
            n,
            f"def {name}(x=§, *, y={default}):\n    y = y() if callable(y) else y\n    return x + (sum(y) if isinstance(y, list) else y) + {self.expression(n, d, 'x')}",
        )
        if self.random.random() < 0.4:
            self.write(
                n,
                self.random.choice(
                    [f"{name}.__defaults__ = (§,)", f"{name}.__kwdefaults__ = {{'y': §}}", f"{base} = §"]
                ),
            )
        return f"{self.use(m, n, name)}()"

    def a_method_changed_later(self, m: str, d: int) -> str:
        n = self.later(m)
        name, other = self.fresh(n, "Altered"), self.fresh(m, "other")
        self.write(
            n,
            f"class {name}:\n    def get(self, x=§, *, y=§):\n        return x - y\n    @staticmethod\n    def fixed(x=§):\n        return x * §\n    @classmethod\n    def made(cls, x=§):\n        return cls().get(x)\n    @property\n    def size(self):\n        return {self.expression(n, d)}",
        )
        use = name if n == m else f"{n}.{name}"
        if n != m:
            self.write(m, f"import {n}")
        self.write(m, f"def {other}(self, x, *, y):\n    return x * y + §")
        self.write(
            m,
            self.random.choice([
                f"{use}.get.__defaults__ = (§,)", f"{use}.get.__kwdefaults__ = {{'y': §}}", f"{use}.fixed.__defaults__ = (§,)",
                f"{use}.made.__func__.__defaults__ = (§,)", f"{use}.get.__code__ = {other}.__code__", f"{use}.size = property(lambda self: §)",
                f"{use}.get.__defaults__ = None\n{use}.get = lambda self, x=§: x",
            ]),
        )  # fmt: skip
        return f"{self.use(m, n, name)}()" + self.random.choice([".get()", ".fixed()", ".made()", ".size"])

    def a_function_given_other_code(self, m: str, d: int) -> str:
        n = self.later(m)
        name, other = self.fresh(n, "recoded"), self.fresh(m, "code")
        self.write(n, f"def {name}(x):\n    return x + §\ndef {name}_caller(x):\n    return {name}(x) * §")
        use = name if n == m else f"{n}.{name}"
        if n != m:
            self.write(m, f"import {n}")
        self.write(m, f"def {other}(x):\n    return x - §\n{use}.__code__ = {other}.__code__")
        return f"{self.use(m, n, f'{name}_caller')}({self.number()})"

    def a_base_replaced_by_its_subclass(self, m: str, d: int) -> str:
        n = self.later(m)
        if n == m:
            return self.a_subclass(m, d)
        base, name = self.fresh(n, "Origin"), self.fresh(m, "Instead")
        self.write(
            n, f"class {base}:\n    def get(self):\n        return §\ndef make_{base}():\n    return {base}().get()"
        )
        self.write(
            m,
            f"import {n}\nclass {name}({n}.{base}):\n    def get(self):\n        return super().get() * § + {self.expression(m, d)}\n{n}.{base} = {name}",
        )
        return f"{self.use(m, n, f'make_{base}')}()"

    def a_change_on_import(self, m: str, d: int) -> str:
        """A module changes, on its own import, what another one holds."""
        n = self.later(m)
        k = self.later(n)
        if n in ("flow", m) or k == n:
            return self.a_changed_constant(m, d)
        held, reader, toucher = self.fresh(k, "HELD"), self.fresh(k, "held"), self.fresh(n, "toucher")
        text, change, read = self.random.choice([
            (f"{held} = §", f"{k}.{held} += §", held),
            (f"{held} = [§]", f"{k}.{held}.append(§)", f"sum({held})"),
            (f"{held} = {{}}", f"{k}.{held}[len({k}.{held})] = §", f"sum({held}.values())"),
            (f"class {held}:\n    count = §", f"{k}.{held}.count += §", f"{held}.count"),
            (f"class {held}_kind:\n    def __init__(self):\n        self.items = [§]\n{held} = {held}_kind()", f"{k}.{held}.items.append(§)", f"sum({held}.items)"),
        ])  # fmt: skip
        self.write(k, f"{text}\ndef {reader}():\n    return {read} + §")
        self.write(n, f"import {k}\n{change}\ndef {toucher}():\n    return {self.expression(n, d)}")
        self.write(m, f"import {k}\nimport {n}")
        return self.random.choice(
            [f"{k}.{reader}()", f"{k}.{reader}() + {n}.{toucher}()", f"{n}.{toucher}() - {k}.{reader}()"]
        )

    def a_routing_object(self, m: str, d: int) -> str:
        n = self.later(m)
        k = self.later(n)
        kind, app, view = self.fresh(k, "App"), self.fresh(k, "app"), self.fresh(n, "view")
        self.write(
            k,
            f"class {kind}:\n    def __init__(self):\n        self.routes = {{}}\n    def route(self, name):\n        def add(function):\n            self.routes[name] = function\n            return function\n        return add\n    def call(self, name, x):\n        return self.routes[name](x) + §\n{app} = {kind}()",
        )
        used = app if n == k else f"{k}.{app}"
        if n != k:
            self.write(n, f"import {k}")
        self.write(n, f"@{used}.route('a')\ndef {view}(x):\n    return x * § + {self.expression(n, d, 'x')}")
        if m != n:
            self.write(m, f"import {n}")
        return f"{self.use(m, k, app)}.call('a', {self.number()})"

    def a_subclass_registry(self, m: str, d: int) -> str:
        n = self.later(m)
        base, one = self.fresh(n, "Plugin"), self.fresh(m, "Kind")
        self.write(
            n,
            f"class {base}:\n    kinds = {{}}\n    def __init_subclass__(cls, key=§, **more):\n        super().__init_subclass__(**more)\n        {base}.kinds[key] = cls\n    def __class_getitem__(cls, at):\n        return at * §",
        )
        use = base if n == m else f"{n}.{base}"
        if n != m:
            self.write(m, f"import {n}")
        self.write(m, f"class {one}({use}, key=§):\n    def run(self):\n        return § + {self.expression(m, d)}")
        found = self.use(m, n, base)
        return self.random.choice(
            [f"sum(k().run() for k in {found}.kinds.values())", f"sum({found}.kinds)", f"{found}[3]"]
        )

    def a_package_resource(self, m: str, d: int) -> str:
        data, name = f"resource{self.number()}.txt", self.fresh(m, "resource")
        self.data[f"pkg/{data}"] = "x" * self.number()
        how = self.random.choice(
            [
                f"importlib.resources.files(pkg).joinpath('{data}').read_text()",
                f"importlib.resources.read_text(pkg, '{data}')",
                f"pkgutil.get_data(pkg.__name__, '{data}')",
            ]
        )
        self.write(m, f"import importlib.resources, pkgutil\nimport pkg\ndef {name}():\n    return len({how}) * §")
        return f"{name}()"

    def a_getter_by_operator(self, m: str, d: int) -> str:
        n = self.later(m)
        name, way = self.fresh(n, "got"), self.fresh(m, "getter")
        self.write(n, f"def {name}(x=§):\n    return x + {self.expression(n, d, 'x')}")
        self.write(
            m,
            f"import operator\nimport {n}\n{way} = operator.{self.random.choice(['attrgetter', 'methodcaller'])}('{name}')",
        )
        return f"(lambda found: found() if callable(found) else found)({way}({n}))"

    def a_local_that_is_declared(self, m: str, d: int) -> str:
        n = self.later(m)
        name, constant = self.fresh(n, "declared"), self.fresh(n, "OUTER")
        self.write(
            n,
            f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from nowhere import Nothing\n{constant} = §\ndef {name}(x) -> 'Nothing':\n    later: int\n    match x:\n        case [a, *rest]:\n            later = a\n        case int() if (half := x // 2) > §:\n            later = half + {constant}\n        case _:\n            later = {self.expression(n, d, 'x')}\n    return later",
        )
        return f"{self.use(m, n, name)}({self.random.choice(['§', '[§, §]'])})".replace("§", str(self.number()))

    def a_stack_of_decorators(self, m: str, d: int) -> str:
        n = self.later(m)
        plus, cached, name = self.fresh(n, "plus"), self.fresh(n, "Memo"), self.fresh(n, "stacked")
        self.write(
            n,
            f"import functools\ndef {plus}(by):\n    return lambda function: functools.wraps(function)(lambda *a: function(*a) + by)\nclass {cached}:\n    def __init__(self, function):\n        functools.update_wrapper(self, function)\n        self.seen = {{}}\n    def __call__(self, x):\n        if x not in self.seen:\n            self.seen[x] = self.__wrapped__(x) * §\n        return self.seen[x]",
        )
        stack = self.random.sample([f"@{plus}(§)", f"@{cached}", "@functools.cache", f"@{plus}(§)"], 3)
        stack_text = "\n".join(stack)
        self.write(n, f"{stack_text}\ndef {name}(x):\n    return x - {self.expression(n, d, 'x')}")
        return f"{self.use(m, n, name)}({self.number()})"

    def a_module_that_names_itself(self, m: str, d: int) -> str:
        n = self.later(m)
        if n == "flow":
            return self.a_constant(m, d)
        name, kind = self.fresh(n, "named"), self.fresh(n, "Named")
        said = self.random.choice(["'math'", "'other'", "['x']"])
        self.write(
            n, f"__name__ = {said}\ndef {name}(x):\n    return x + len(__name__) * §\nclass {kind}:\n    rate = §"
        )
        return self.random.choice([f"{self.use(m, n, name)}({self.number()})", f"{self.use(m, n, kind)}.rate"])

    # -- constructs: what is read of code itself

    def a_look_at_code(self, m: str, d: int) -> str:
        n = self.later(m)
        name, reader = self.fresh(n, "looked_at"), self.fresh(n, "look")
        self.write(
            n,
            f"import inspect\nfrom typing import get_type_hints\ndef {name}(first: int, second: 'str' = '§') -> float:\n    '''Says {self.number()}.'''\n    local = first\n    return local",
        )
        what = self.random.choice([f"len({name}.__doc__)", f"len({name}.__name__)", f"len({name}.__qualname__)", f"len(str(inspect.signature({name})))", f"sum(len(t.__name__) for t in get_type_hints({name}).values())",
                                   f"len(str({name}.__annotations__))", f"len({name}.__module__)", f"len({name}.__code__.co_varnames[2])", f"len(inspect.getsource({name}))", f"len({name}.__defaults__[0])", f"{name}.__code__.co_argcount"])  # fmt: skip
        self.write(n, f"def {reader}():\n    return {what}")
        return f"{self.use(m, n, reader)}()"

    def a_look_at_locals(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "seen")
        what = self.random.choice(
            [
                "sum(map(len, locals()))",
                "eval('x * y')",
                "sum(vars().values())",
                "len(f'{x=} {y=}')",
                "len(dir())",
                "eval('here') if False else eval('x') + len('y')",
            ]
        )
        self.write(n, f"def {name}(x):\n    y = x + §\n    return {what} + {self.number()}")
        return f"{self.use(m, n, name)}({self.number()})"

    def a_look_at_the_module(self, m: str, d: int) -> str:
        n = self.later(m)
        name, constant = self.fresh(n, "look_around"), self.fresh(n, "AROUND")
        what = self.random.choice(
            [
                f"globals()['AROU' + '{constant[4:]}']",
                f"eval('{constant} + 1')",
                "len([k for k in globals() if not k.startswith('_')])",
                f"getattr(__import__('sys').modules[__name__], '{constant}')",
                "len(__name__)",
            ]
        )
        self.write(n, f"{constant} = §\ndef {name}():\n    return {what}")
        return f"{self.use(m, n, name)}()"

    def a_class_looked_at(self, m: str, d: int) -> str:
        n = self.later(m)
        name = self.fresh(n, "Shown")
        self.write(
            n,
            f"class {name}:\n    '''Shown {self.number()}.'''\n    one: int = §\n    two: 'str' = ''\n    def three(self, x: int):\n        return x",
        )
        use = self.use(m, n, name)
        return self.random.choice(
            [
                f"len({use}.__doc__)",
                f"len({use}.__annotations__)",
                f"len({use}.__name__)",
                f"len([k for k in vars({use}) if not k.startswith('_')])",
                f"len(str({use}.__annotations__))",
                f"len({use}.three.__annotations__)",
                f"len(repr({use}))",
            ]
        )
