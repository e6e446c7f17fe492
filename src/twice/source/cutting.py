"""Definitions that no module leads to, cut out of their source and made anew with the variables around them.

A closure, a lambda or a function inside a test is put, as a syntax tree, into a function whose local variables are the
closure; the line numbers stay. Runs in a worker, so it imports the standard library only.
"""

from __future__ import annotations
import __future__

import ast
import copy
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any

_MAKER = "__make__.<locals>."
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


class Cutting:
    """One definition, cut out of its source.

    Args:
        tree: The source.
        file: The file name that the code is to carry.
        entry: Where the definition stands there, and the variables around it; see :class:`twice.source.state.State`.

    Attributes:
        made: The function or class, once it is made.
    """

    def __init__(self, tree: ast.Module, file: str, entry: Mapping[str, Any]) -> None:
        self._tree = tree
        self._file = file
        self._entry = entry
        self._node: _Definition = next(
            node
            for node in ast.walk(tree)
            if isinstance(node, _Definition) and (node.lineno, node.col_offset) == (entry["line"], entry["column"])
        )
        # A class needs the variables around it while it is carried out; a function only when it is called, and by
        # then they may hold the function itself.
        given = [*entry.get("bases", ()), *entry.get("metaclass", ())]
        self._bases = {f"__base_{place}__": number for place, number in enumerate(given)}
        self._early = isinstance(self._node, ast.ClassDef) and bool(entry["cells"] or self._bases)
        around, _, last = entry["qualname"].rpartition(".")
        name = "<lambda>" if isinstance(self._node, ast.Lambda) else self._node.name
        self._around = f"{around}." if around and last == name else ""
        self.made: Any = None

    def carry_out(self, namespace: dict[str, Any], value: Callable[[int], Any]) -> Callable[[], None]:
        """Make the function or class.

        Args:
            namespace: Its module's variables.
            value: Brings the value of a number back.

        Returns:
            What gives the variables around it their values, if they are not given yet; to be called at the end.
        """
        cells = list(self._entry["cells"])
        if isinstance(self._node, ast.ClassDef):
            cells = [name for name in cells if name != self._node.name]  # a class that names itself needs no help
        flags = future_flags(self._tree)
        if not isinstance(self._node, ast.ClassDef):  # a function's annotations may name what was not captured
            flags |= __future__.annotations.compiler_flag
        local: dict[str, Any] = {}
        code = compile(self._maker(cells), self._file, "exec", flags=flags, dont_inherit=True)
        exec(_named(code, self._around), namespace, local)

        def held() -> dict[str, Any]:
            given = {name: number for name, number in self._entry["cells"].items() if name in cells}
            return {name: value(number) for name, number in {**given, **self._bases}.items()}

        self.made, fill = local["__make__"](held() if self._early else {})
        return (lambda: None) if self._early else (lambda: fill(held()))

    def _maker(self, cells: list[str]) -> ast.Module:
        """A function that makes the definition, and gives back another one that fills its closure."""
        names = [*cells, *self._bases, *self._entry.get("empty", ())]
        node = self._head() if isinstance(self._node, ast.ClassDef) else _bare(self._node)
        returned: ast.expr = node if isinstance(node, ast.Lambda) else ast.Name(node.name, ast.Load())
        values = ast.Name("values", ast.Load())
        # The closure's names are assigned inside, after the definition, so that a function can hold itself.
        assignments: list[ast.stmt] = [
            ast.Assign([ast.Name(name, ast.Store())], ast.Subscript(values, ast.Constant(name), ast.Load()))
            for name in (*cells, *self._bases)
        ]
        fill = ast.FunctionDef(
            name="__fill__",
            args=_one_argument("values"),
            body=[ast.Nonlocal(names), *assignments, ast.Pass()] if names else [ast.Pass()],
            decorator_list=[],
        )
        body: list[ast.stmt] = [
            *(ast.Assign([ast.Name(name, ast.Store())], ast.Constant(None)) for name in names),
            fill,
        ]
        if self._early:
            body.append(ast.Expr(ast.Call(ast.Name("__fill__", ast.Load()), [values], [])))
        if not isinstance(node, ast.Lambda):
            body.append(node)
        body += [ast.Delete([ast.Name(name, ast.Del())]) for name in self._entry.get("empty", ())]
        body.append(ast.Return(ast.Tuple([returned, ast.Name("__fill__", ast.Load())], ast.Load())))
        maker = ast.FunctionDef(name="__make__", args=_one_argument("values"), body=body, decorator_list=[])
        return ast.fix_missing_locations(ast.Module([maker], []))

    def _head(self) -> ast.ClassDef:
        """A class that finds what it inherits from, even where the words of its statement lead elsewhere by now."""
        assert isinstance(self._node, ast.ClassDef)
        node = copy.copy(self._node)
        names: list[ast.expr] = [ast.Name(name, ast.Load()) for name in self._bases]
        if self._entry["metaclass"]:
            further = [keyword for keyword in node.keywords if keyword.arg != "metaclass"]
            node.keywords = [*further, ast.keyword("metaclass", names.pop())]
        node.bases = names or node.bases
        if self._entry["bare"]:
            node.decorator_list = []
        return node


def future_flags(tree: ast.Module) -> int:
    """The compiler flags that a source's own ``from __future__`` imports stand for."""
    names = [
        alias.name
        for statement in tree.body
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        for alias in statement.names
    ]
    return sum({getattr(__future__, name).compiler_flag for name in names})


def _named(code: CodeType, around: str) -> CodeType:
    """The same code, in which everything is called what it was called where it was written."""

    def named(part: Any) -> Any:
        if isinstance(part, CodeType):
            return _named(part, around)
        return around + part.removeprefix(_MAKER) if isinstance(part, str) and part.startswith(_MAKER) else part

    return code.replace(co_qualname=named(code.co_qualname), co_consts=tuple(named(part) for part in code.co_consts))


def _bare(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda:
    """A definition without decorators and without defaults to compute; the defaults are put back by value."""
    node = copy.copy(node)
    if not isinstance(node, ast.Lambda):
        node.decorator_list = []
    node.args = copy.copy(node.args)
    nothing = ast.Constant(None)
    node.args.defaults = [nothing for _ in node.args.defaults]
    node.args.kw_defaults = [default and nothing for default in node.args.kw_defaults]
    return node


def _one_argument(name: str) -> ast.arguments:
    return ast.arguments(posonlyargs=[], args=[ast.arg(name)], kwonlyargs=[], kw_defaults=[], defaults=[])
