"""Edits of small programs, by chance: those that may change what the program gives, and those that must not matter."""

# ruff: noqa: E501 - edits read best as one line of a table

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

Program = Mapping[str, str]

LOOKS = [
    "__doc__",
    "__annotations__",
    "__code__",
    "getsource",
    "get_type_hints",
    "signature",
    "locals",
    "vars(",
    "eval",
    "exec",
    "dir(",
    "globals",
    "f_locals",
    "__name__",
    "__qualname__",
    "sys.modules",
    "import_module",
    "__import__",
    "getattr(",
    "repr(",
]
"""What a program says if it may see how its own code is written, or which names there are."""

READERS = ("dataclass", "NamedTuple", "TypedDict", "register", "Annotated")
"""What a program says if somebody may read its annotations."""

_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def mutate(program: Program, random: Random) -> tuple[str, dict[str, str]]:
    """An edit that may matter: its name, and the program after it."""
    changed = dict(program)
    names = [name for name, text in program.items() if text.strip()]
    file = random.choice(names)
    if not file.endswith(".py"):
        changed[file] = "x" * random.randint(1, 9)
        return "data", changed
    edit = random.choice(_EDITS)
    tree = ast.parse(changed[file])
    try:
        edit(tree, random, program)
        compile(ast.unparse(ast.fix_missing_locations(tree)), "mutant", "exec")
    except (SyntaxError, ValueError, TypeError, AttributeError, IndexError, RecursionError):  # no Python any more
        return "nothing", changed
    changed[file] = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    return edit.__name__.strip("_"), changed


def decorate(program: Program, random: Random) -> tuple[str, dict[str, str]]:
    """An edit that must not matter: its name, and the program after it."""
    changed = dict(program)
    file = random.choice([name for name, text in program.items() if text.strip() and name.endswith(".py")])
    whole = "\n".join(text for name, text in program.items() if name.endswith(".py"))
    looks = any(word in whole for word in LOOKS)
    edit = random.choice(_COSMETIC[: 2 if looks else None])
    if edit is _annotations and any(word in whole for word in READERS):
        return "nothing", changed
    changed[file] = edit(changed[file], random)
    return edit.__name__.strip("_"), changed


# -- finding places


def _nodes(tree: ast.AST, *kinds: type[ast.AST]) -> list[Any]:
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def _bodies(tree: ast.AST) -> list[list[ast.stmt]]:
    found = []
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                found.append(body)
    return found


def _expressions(tree: ast.AST) -> Iterator[tuple[Callable[[ast.expr], None], ast.expr]]:
    """Every expression that is read, with a way to put another one in its place."""
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            if isinstance(value, ast.expr) and isinstance(getattr(value, "ctx", ast.Load()), ast.Load):
                yield (lambda new, node=node, field=field: setattr(node, field, new)), value  # type: ignore[misc]
            elif isinstance(value, list):
                for index, item in enumerate(value):
                    if isinstance(item, ast.expr) and isinstance(getattr(item, "ctx", ast.Load()), ast.Load):
                        yield (lambda new, value=value, index=index: value.__setitem__(index, new)), item  # type: ignore[misc]


def _trees(program: Program) -> list[ast.Module]:
    return [ast.parse(text) for name, text in program.items() if name.endswith(".py") and text.strip()]


def _globals(tree: ast.Module) -> list[str]:
    found = {node.id for node in _nodes(tree, ast.Name)}
    found |= {node.name for node in _nodes(tree, ast.FunctionDef, ast.ClassDef)}
    return sorted(found)


# -- edits that may matter


def _constant(tree: ast.Module, random: Random, program: Program) -> None:
    found = [node for node in _nodes(tree, ast.Constant) if node.value is not None and node.value is not ...]
    if found:
        node = random.choice(found)
        value = node.value
        if isinstance(value, bool):
            node.value = not value
        elif isinstance(value, int):
            node.value = random.choice(
                [value + 1, value - 1, 0, -value, float(value), bool(value), random.randint(0, 20)]
            )
        elif isinstance(value, str):
            others = [n.value for n in _nodes(tree, ast.Constant) if isinstance(n.value, str)]
            node.value = random.choice([value + "z", value[:-1], random.choice(others), value.upper()])
        else:
            node.value = random.randint(0, 9)


def _operator(tree: ast.Module, random: Random, program: Program) -> None:
    found = _nodes(tree, ast.BinOp, ast.AugAssign, ast.Compare, ast.UnaryOp, ast.BoolOp, ast.IfExp)
    if found:
        node = random.choice(found)
        if isinstance(node, ast.Compare):
            node.ops[0] = random.choice(_COMPARISONS)()
        elif isinstance(node, ast.BinOp) and random.random() < 0.3:
            node.left, node.right = node.right, node.left
        elif isinstance(node, ast.BinOp | ast.AugAssign):
            node.op = random.choice(_OPERATORS)()
        elif isinstance(node, ast.UnaryOp):
            node.op = random.choice([ast.USub(), ast.UAdd(), ast.Not()])
        elif isinstance(node, ast.BoolOp):
            node.op = random.choice([ast.And(), ast.Or()])
        else:
            node.body, node.orelse = node.orelse, node.body


def _name(tree: ast.Module, random: Random, program: Program) -> None:
    found = _nodes(tree, ast.Name)
    if found:
        random.choice(found).id = random.choice([*_globals(tree), "x", "total", "len", "abs", "sum"])


def _attribute(tree: ast.Module, random: Random, program: Program) -> None:
    found = _nodes(tree, ast.Attribute)
    names = [node.attr for other in _trees(program) for node in _nodes(other, ast.Attribute)]
    names += [name for other in _trees(program) for name in _globals(other)]
    if found:
        random.choice(found).attr = random.choice(names)


def _swap(tree: ast.Module, random: Random, program: Program) -> None:
    found = [body for body in _bodies(tree) if len(body) > 1]
    if found:
        body = random.choice(found)
        at = random.randrange(len(body) - 1)
        body[at], body[at + 1] = body[at + 1], body[at]


def _move(tree: ast.Module, random: Random, program: Program) -> None:
    body = tree.body
    body.insert(random.randrange(len(body) + 1), body.pop(random.randrange(len(body))))


def _delete(tree: ast.Module, random: Random, program: Program) -> None:
    body = random.choice(_bodies(tree))
    body.pop(random.randrange(len(body)))
    if not body:
        body.append(ast.Pass())


def _repeat(tree: ast.Module, random: Random, program: Program) -> None:
    body = random.choice(_bodies(tree))
    body.insert(random.randrange(len(body) + 1), copy.deepcopy(random.choice(body)))


def _transplant(tree: ast.Module, random: Random, program: Program) -> None:
    source = random.choice([tree, *_trees(program)])
    body = random.choice(_bodies(tree))
    taken = copy.deepcopy(random.choice(random.choice(_bodies(source))))
    at = random.randrange(len(body) + 1)
    if random.random() < 0.4 and at < len(body):
        body[at] = taken
    else:
        body.insert(at, taken)


def _graft(tree: ast.Module, random: Random, program: Program) -> None:
    places = list(_expressions(tree))
    if places:
        put, _ = random.choice(places)
        _, taken = random.choice(places)
        put(copy.deepcopy(taken))


def _wrap(tree: ast.Module, random: Random, program: Program) -> None:
    body = random.choice(_bodies(tree))
    at = random.randrange(len(body))
    old = body[at]
    if isinstance(old, ast.ImportFrom) and (old.module == "__future__" or old.names[0].name == "*"):
        return
    frames = ["if True:\n    pass", "if False:\n    pass", "for _ in range(2):\n    pass", "try:\n    pass\nexcept Exception:\n    pass",
              "if True:\n    pass\nelse:\n    total = 1", "while True:\n    pass\n    break"]  # fmt: skip
    new = ast.parse(random.choice(frames)).body[0]
    new.body[0] = old  # type: ignore[attr-defined]
    body[at] = new


def _default(tree: ast.Module, random: Random, program: Program) -> None:
    found = [node.args for node in _nodes(tree, ast.FunctionDef, ast.Lambda)]
    if found:
        arguments = random.choice(found)
        if arguments.defaults and random.random() < 0.5:
            arguments.defaults.pop(0)
        elif len(arguments.defaults) < len(arguments.args):
            value = random.choice(["7", "[1]", "None", random.choice(_globals(tree))])
            arguments.defaults.insert(0, ast.parse(value, mode="eval").body)


def _parameters(tree: ast.Module, random: Random, program: Program) -> None:
    found = [node.args.args for node in _nodes(tree, ast.FunctionDef, ast.Lambda) if node.args.args]
    if found:
        arguments = random.choice(found)
        if len(arguments) > 1 and random.random() < 0.6:
            at = random.randrange(len(arguments) - 1)
            arguments[at], arguments[at + 1] = arguments[at + 1], arguments[at]
        else:
            random.choice(arguments).arg = random.choice(["x", "self", "cls", "renamed", "y"])


def _decorators(tree: ast.Module, random: Random, program: Program) -> None:
    found = _nodes(tree, ast.FunctionDef, ast.ClassDef)
    if found:
        node = random.choice(found)
        others = [part for other in found for part in other.decorator_list]
        if node.decorator_list and random.random() < 0.5:
            node.decorator_list.pop(random.randrange(len(node.decorator_list)))
        elif others:
            node.decorator_list.insert(0, copy.deepcopy(random.choice(others)))
        else:
            node.decorator_list.reverse()


def _bases(tree: ast.Module, random: Random, program: Program) -> None:
    found = _nodes(tree, ast.ClassDef)
    if found:
        node = random.choice(found)
        if node.bases and random.random() < 0.6:
            node.bases.pop()
        elif len(node.bases) > 1:
            node.bases.reverse()
        else:
            node.bases.append(ast.Name(random.choice([other.name for other in found]), ast.Load()))


def _rename(tree: ast.Module, random: Random, program: Program) -> None:
    found = _nodes(tree, ast.FunctionDef, ast.ClassDef)
    if found:
        random.choice(found).name = random.choice([node.name for node in found] + ["renamed"])


def _annotation(tree: ast.Module, random: Random, program: Program) -> None:
    found: list[ast.AST] = [*_nodes(tree, ast.arg), *_nodes(tree, ast.AnnAssign)]
    if found:
        new = random.choice(["int", "str", "'float'", "list[int]", "None"])
        random.choice(found).annotation = ast.parse(new, mode="eval").body  # type: ignore[attr-defined]


def _docstring(tree: ast.Module, random: Random, program: Program) -> None:
    found = _nodes(tree, ast.FunctionDef, ast.ClassDef, ast.Module)
    node = random.choice(found)
    if isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant):
        node.body[0].value.value = "Other words" + "." * random.randint(0, 9)
    else:
        node.body.insert(0, ast.Expr(ast.Constant("Words" + "." * random.randint(0, 9))))


def _import(tree: ast.Module, random: Random, program: Program) -> None:
    found = _nodes(tree, ast.ImportFrom, ast.Import)
    if not found:
        return
    node = random.choice(found)
    alias = random.choice(node.names)
    if isinstance(node, ast.ImportFrom) and random.random() < 0.6:
        others = [name for other in _trees(program) for name in _globals(other)]
        alias.asname, alias.name = alias.asname or alias.name, random.choice(others)
    elif alias.name != "*":
        modules = [other.names[0].name for other in _nodes(tree, ast.Import)]
        if isinstance(node, ast.Import) and modules:
            alias.asname, alias.name = alias.asname or alias.name.partition(".")[0], random.choice(modules)


def _statement(tree: ast.Module, random: Random, program: Program) -> None:
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    names += [node.id for part in tree.body if isinstance(part, ast.Assign) for node in _nodes(part, ast.Name)]
    names += [alias.asname or alias.name for part in _nodes(tree, ast.Import, ast.ImportFrom) for alias in part.names]
    attributes = [node.attr for other in _trees(program) for node in _nodes(other, ast.Attribute)] or ["x"]
    name, attribute = random.choice(names or ["x"]), random.choice(attributes)
    text = random.choice([
        "{n} = {c}", "del {n}", "{n} += {c}", "def {n}(*args, **more):\n    return {c}", "{n}.{a} = {c}", "{n}.{a} += {c}",
        "del {n}.{a}", "setattr({n}, '{a}', {c})", "globals()['{n}'] = {c}", "{n} = lambda *a, **k: {c}", "if {c} > 4:\n    {n} = {c}",
        "for {n} in range({c}):\n    pass", "{n}.{a} = lambda *a, **k: {c}", "[{n} := {c} for _ in range(2)]", "{n}.append({c})",
        "{n}[0] = {c}", "{n}['a'] = {c}", "{n}.update(a={c})", "with open(__file__) as {n}:\n    pass", "{n}: int = {c}",
        "def outer():\n    global {n}\n    {n} = {c}\nouter()", "import math as {n}", "class {n}:\n    {a} = {c}", "{n}.__defaults__ = ({c},)",
        "try:\n    {n}.{a}\nexcept AttributeError:\n    {n} = {c}", "vars({n})['{a}'] = {c}", "{n} = [{n}, {c}][0]", "{n} = {n}",
        "match {n}:\n    case int():\n        {n} = {c}\n    case _:\n        pass", "{n}, other = {c}, {n}", "{n}()", "{n}.{a}()", "{n}.__dict__['{a}'] = {c}",
        "type({n}).{a} = {c}", "import sys\nsys.modules[__name__].{n} = {c}", "from operator import add as {n}", "{n}.clear()", "{n}.pop()",
        "def __getattr__(name):\n    return {c}", "if __name__ == '__main__':\n    {n} = {c}", "if __name__ != '__main__':\n    {n} = {c}",
    ]).replace("{n}", name).replace("{a}", attribute).replace("{c}", str(random.randint(1, 9)))  # fmt: skip
    body = tree.body if random.random() < 0.7 else random.choice(_bodies(tree))
    at = len(body) if random.random() < 0.5 else random.randrange(len(body) + 1)
    body[at:at] = ast.parse(text).body


def _scope(tree: ast.Module, random: Random, program: Program) -> None:
    functions = _nodes(tree, ast.FunctionDef, ast.AsyncFunctionDef)
    if functions:
        function = random.choice(functions)
        declared = _nodes(function, ast.Global, ast.Nonlocal)
        names = [node.id for node in _nodes(function, ast.Name)]
        if declared and random.random() < 0.5:
            declared[0].names = [random.choice([*names, *declared[0].names])]
        elif names:
            function.body.insert(0, ast.Global([random.choice(names)]))


def _export(tree: ast.Module, random: Random, program: Program) -> None:
    names = random.sample(_globals(tree), min(3, len(_globals(tree))))
    tree.body += ast.parse(f"__all__ = {names}").body


def _reroute(tree: ast.Module, random: Random, program: Program) -> None:
    """A definition moves to another name or module-level alias: ``name = old`` before or after it."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    if len(functions) > 1:
        one, two = random.sample(functions, 2)
        tree.body.insert(random.randrange(len(tree.body) + 1), ast.parse(f"{one.name} = {two.name}").body[0])


_EDITS: list[Callable[[ast.Module, Random, Program], None]] = [
    _constant, _constant, _constant, _operator, _operator, _name, _name, _attribute, _swap, _swap, _move, _delete, _delete,
    _repeat, _transplant, _transplant, _graft, _graft, _wrap, _default, _parameters, _decorators, _bases, _rename,
    _annotation, _docstring, _import, _statement, _statement, _statement, _statement, _scope, _export, _reroute,
]  # fmt: skip


# -- edits that must not matter


def _comments(text: str, random: Random) -> str:
    lines = text.splitlines()
    tree = ast.parse(text)
    at = random.choice([node.lineno - 1 for node in _nodes(tree, ast.stmt)])
    if _inside_text(tree, at):
        return text + "\n\n# a remark\n"
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    lines[at:at] = random.choice([[f"{indent}# a remark"], [""], ["", "", f"{indent}# more"]])
    return "\n".join(lines) + "\n"


def _layout(text: str, random: Random) -> str:
    return ast.unparse(ast.parse(text)) + "\n"


def _docstrings(text: str, random: Random) -> str:
    tree = ast.parse(text)
    _docstring(tree, random, {})
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _annotations(text: str, random: Random) -> str:
    tree = ast.parse(text)
    inside = {id(part) for node in _nodes(tree, ast.ClassDef) for part in ast.walk(node)}
    for node in _nodes(tree, ast.FunctionDef):
        if id(node) not in inside and not node.decorator_list and random.random() < 0.5:
            node.returns = ast.Name(random.choice(["int", "str", "float"]), ast.Load())
            for argument in node.args.args:
                argument.annotation = random.choice([None, ast.Name("int", ast.Load()), ast.Constant("str")])
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _local_names(text: str, random: Random) -> str:
    tree = ast.parse(text)
    for function in _nodes(tree, ast.FunctionDef):
        if len(_nodes(function, *_SCOPES, ast.Global, ast.Nonlocal, ast.comprehension, ast.Import, ast.ImportFrom)) > 1:
            continue
        parameters = {argument.arg for argument in _nodes(function, ast.arg)}
        bound = sorted({n.id for n in _nodes(function, ast.Name) if isinstance(n.ctx, ast.Store)} - parameters)
        if bound and "quite_new" not in bound and random.random() < 0.7:
            old = random.choice(bound)
            for node in _nodes(function, ast.Name):
                node.id = "quite_new" if node.id == old else node.id
            for pattern in _nodes(function, ast.MatchAs, ast.MatchStar):
                pattern.name = "quite_new" if pattern.name == old else pattern.name
            for handler in _nodes(function, ast.ExceptHandler):
                handler.name = "quite_new" if handler.name == old else handler.name
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _unreached(text: str, random: Random) -> str:
    if "nobody_calls_this" in text:
        return text  # by now it is a name like others, that somebody may use
    return text + f"\n\ndef nobody_calls_this():\n    return {random.randint(1, 99)}\n"


def _inside_text(tree: ast.AST, line: int) -> bool:
    """Whether a line begins inside a text of several lines."""
    return any(
        isinstance(node, ast.Constant | ast.JoinedStr) and node.lineno - 1 < line < (node.end_lineno or 0)
        for node in ast.walk(tree)
    )


_COSMETIC: list[Callable[[str, Random], str]] = [
    _comments, _layout, _docstrings, _annotations, _local_names, _unreached,
]  # fmt: skip
