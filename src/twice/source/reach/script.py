"""What a script has set for its whole process before its pipeline runs; see ``source.settings``."""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

from twice.records.digest import digest_texts
from twice.source.modules import MAIN, Source, is_local
from twice.source.reach.found import NOTHING, Found
from twice.source.reach.live import frames_at_work, module_of, namespace_of
from twice.source.reach.sources import source_key
from twice.source.settings import made_until, mentions_setting
from twice.source.toplevel import absolute

if TYPE_CHECKING:
    from twice.source.reach.walk import Reach


@dataclass(frozen=True)
class Setting:
    """One thing that a script has set.

    Attributes:
        node: The id of its node.
        statement: The statement that set it; None where the import of a module did.
        source: Where that stands.
        module: The module whose import set it.
        values: The local variables that it used, where it stands in a function.
    """

    node: str
    statement: ast.stmt | None
    source: Source
    module: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


class Script:
    """The settings of the script, the notebook or the prompt that runs.

    Args:
        walk: The walk that they are part of.
    """

    def __init__(self, walk: Reach) -> None:
        self._walk = walk
        self._set: list[Setting] | None = None

    @property
    def settings(self) -> list[Setting]:
        """What has been set so far, in order."""
        if self._set is None:
            self._set = []
            main = sys.modules.get(MAIN)
            if main is not None and is_local(main):
                self._look(main)
        return self._set

    def node(self) -> str | None:
        """The node of all settings; None if there are none."""
        walk = self._walk
        id_ = f"{MAIN} (settings)"
        if id_ not in walk.graph.nodes and self.settings:
            own = digest_texts("settings")
            node = walk.graph.nodes[id_] = Found(id_, "effects", own, own)
            for number, setting in enumerate(self.settings):
                node.edges.append((f"setting {number + 1}", self._node(setting)))
        return id_ if id_ in walk.graph.nodes else None

    def _look(self, main: ModuleType) -> None:
        names = vars(main)
        at_work = frames_at_work(names)
        sources = self._walk.sources.of_script()
        found: list[tuple[ast.stmt, Source, Mapping[str, object]]] = []
        for source in sources:
            lines = [
                frame.f_lineno
                for frame in at_work
                if _top(frame.f_code.co_name) and source.holds(frame.f_code) and source is sources[-1]
            ]
            made = made_until(source.tree.body, lines[0] if lines else math.inf, names, self._definition)
            found += [(statement, source, {}) for statement in made]
        for frame in at_work:
            if _top(frame.f_code.co_name):
                continue
            around = self._walk.library.of_code(frame.f_code, MAIN)
            piece = around.function(frame.f_code) if around is not None else None
            definition = piece.node if piece is not None else None
            if around is not None and isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
                seen = {**names, **frame.f_locals}
                made = made_until(definition.body, frame.f_lineno, seen, self._definition)
                found += [(statement, around, frame.f_locals) for statement in made]
        for statement, source, own in found:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                for module in self._imported(statement):
                    self._add(None, source, module, {})
            else:
                used = {part.id for part in ast.walk(statement) if isinstance(part, ast.Name)}
                self._add(statement, source, "", {name: own[name] for name in used if name in own})

    def _add(self, statement: ast.stmt | None, source: Source, module: str, values: Mapping[str, object]) -> None:
        assert self._set is not None
        place = f"line {statement.lineno}:{statement.col_offset}" if statement is not None else module
        id_ = f"{MAIN} (set at {source_key(source).rpartition('/')[2]}, {place})"
        if statement is not None:  # the cell of a notebook that was carried out again sets the same again
            text = ast.dump(statement)
            self._set = [held for held in self._set if held.statement is None or ast.dump(held.statement) != text]
        elif any(held.module == module for held in self._set):
            return
        self._set.append(Setting(id_, statement, source, module, values))

    def _node(self, setting: Setting) -> str:
        walk = self._walk
        statement = setting.statement
        node = walk.graph.nodes[setting.node] = Found(
            setting.node, "effects", NOTHING, NOTHING, source_key(setting.source)
        )
        if statement is None:
            node.own = node.text = digest_texts("import", setting.module)
            node.module = ""
            node.edges = walk.effects.edges(setting.module)
            return setting.node
        node.line, node.end_line = statement.lineno, statement.end_lineno or 0
        walk.sources.use(setting.source)

        def scan() -> None:
            normal = walk.normalise([statement])
            node.own = digest_texts("effects", normal.data)
            node.text = digest_texts(setting.source.segment(node.line, node.end_line))
            node.edges += walk.names.uses(
                node,
                normal,
                MAIN,
                setting.source,
                setting.values,
                lambda name: self._held(setting, name),
            )
            walk.wholes.widen(node, normal, MAIN, setting.values)

        walk.later(scan)
        return setting.node

    def _held(self, setting: Setting, name: str) -> list[str]:
        value = setting.values[name]
        if isinstance(value, FunctionType | type):
            return self._walk.visit(value)
        place = f"the variable {name!r} around a setting"
        return [self._walk.values.node(f"{setting.node} {name}", value, place=place)]

    def _definition(self, function: FunctionType) -> ast.AST | None:
        source = self._walk.library.of_code(function.__code__, module_of(function))
        piece = source.function(function.__code__) if source is not None else None
        return piece.node if piece is not None else None

    def _imported(self, statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
        """The local modules that a statement imports and whose import makes settings."""
        names = [alias.name for alias in statement.names]
        if isinstance(statement, ast.ImportFrom):
            base = ("." * statement.level) + (statement.module or "")
            names = [base, *(f"{base}.{name}" for name in names)]
        for name in names:
            if name in sys.modules and self._sets(name, set()):
                yield name

    def _sets(self, module: str, seen: set[str]) -> bool:
        if module in seen or module == MAIN or not is_local(sys.modules[module]):
            return False
        seen.add(module)
        source = self._walk.library.module(module)
        if source is None:
            return False
        if source.known.may_set and mentions_setting(source.tree.body, namespace_of(module), self._definition):
            return True
        for _, imported in self._walk.sources.survey(module).imports:
            target = absolute(imported, module, package=source.package)
            parts = [target, f"{target}.{imported.attribute}"] if imported.attribute else [target]
            if any(part in sys.modules and self._sets(part, seen) for part in parts):
                return True
        return False


def _top(name: str) -> bool:
    """Whether a code object of that name is a script's top level, or that of a notebook's cell."""
    return name == "<module>" or name.startswith("<cell line")
