"""A version's own classes and functions in the calling process, where the script that defines them does not run."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from twice.errors import CaptureError
from twice.records.code import Snapshot
from twice.records.digest import Digest
from twice.source.importer import MAIN, Module
from twice.source.loader import Code
from twice.store.store import Store
from twice.values import artifact as artifacts
from twice.values.kind import import_by_name

_LOCK = threading.RLock()


class Snapshotted:
    """The code of a snapshot, beside the modules that the calling process has: neither gets in the way of the other.

    Definitions are carried out, as in a worker; the script's settings, which hold for a whole process, are not.

    Args:
        store: The vault.
        digest: The snapshot.
    """

    def __init__(self, store: Store, digest: Digest) -> None:
        self._store = store
        snapshot = store.load(digest, Snapshot)
        self._values = snapshot.values
        self._modules: dict[str, ModuleType] = {}
        # A name of no file, so that a traceback shows the snapshot's lines and those of the user's files stay.
        modules = [
            Module(
                module.name,
                f"<version {snapshot.code.short}>/{module.path}",
                b"" if module.namespace else store.get(module.source),
                module.package,
                module.namespace,
            )
            for module in snapshot.modules
        ]
        self._code = Code(modules, json.loads(store.get(snapshot.outline)), self._value)
        self.script = next((module.path for module in snapshot.modules if module.name == MAIN), "")

    def named(self, module: str, name: str) -> object:
        """A class or function by its module and qualified name.

        Raises:
            CaptureError: It cannot be made here.
        """
        return self._made(f"{module}.{name}", lambda: import_by_name(module, name))

    def definition(self, id_: str) -> object:
        """A class or function by its node, as for one that is defined inside a function.

        Raises:
            CaptureError: It cannot be made here.
        """
        return self._made(id_.replace(":", "."), lambda: self._code.definition(id_))

    def holds(self, module: str) -> bool:
        """Whether a module belongs to the captured code."""
        return module == MAIN or module in self._code.modules

    def is_running(self) -> bool:
        """Whether the script of this process is, by its name, the one that was captured."""
        here = getattr(sys.modules.get(MAIN), "__file__", None)
        return not self.script or here is None or Path(here).name == Path(self.script).name

    def _made(self, what: str, make: Any) -> object:
        with self._at_hand():
            try:
                return make()
            except Exception as problem:
                raise CaptureError(
                    f"the value is of {what}, whose code comes from the version that is loaded and cannot be "
                    f"carried out here: {type(problem).__name__}: {problem}.",
                    hint="install what it imports, or ask for a plain value: a dict, an array, a dataclass's fields",
                ) from problem

    def _value(self, number: int) -> Any:
        from twice.actions.fetch import reader

        hooks = {**self._code.hooks, "twice.place": self._placed}
        return artifacts.fetch(self._values[number], reader(self._store), hooks=hooks)

    @staticmethod
    def _placed(state: tuple[str, str, bool]) -> object:
        root, path, text = state
        del root  # which folder that is, only a run knows
        return path if text else Path(path)

    @contextlib.contextmanager
    def _at_hand(self) -> Iterator[None]:
        """While its code is carried out, the snapshot's modules are the process's; then all is as it was."""
        names = [name for name in self._code.modules if name != MAIN]
        with _LOCK:
            live = {name: sys.modules.pop(name) for name in names if name in sys.modules}
            main, arguments, finders = sys.modules[MAIN], sys.argv, list(sys.meta_path)
            sys.modules.update(self._modules)
            known = self._code.main
            self._code.install()
            if known is not None:
                self._code.main = sys.modules[MAIN] = known
            try:
                yield
            finally:
                self._modules = {name: sys.modules.pop(name) for name in names if name in sys.modules}
                sys.modules.update(live)
                sys.modules[MAIN], sys.argv, sys.meta_path[:] = main, arguments, finders
