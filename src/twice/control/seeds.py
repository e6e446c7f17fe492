"""Every generator that is known and global starts from the pipeline's seed and the step's name.

So a step gives the same numbers alone, from the middle, in parallel or after others. A library is never imported for
this: what is there is seeded now, and what a step imports later is seeded the moment it is loaded.

Out of reach: generators that a program makes for itself without a seed (``default_rng()``, ``random.Random()``),
entropy asked of the system (``os.urandom``, ``secrets``, ``uuid4``), the random numbers inside functions that Numba
compiled, and processes that a step starts. JAX has no global generator, and needs none.

Runs in workers: standard library only.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.machinery
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType
from typing import Any


def derive(seed: int, step: str) -> int:
    """The seed of one step: the first 64 bits of BLAKE2b over the pipeline's seed and the step's name.

    Args:
        seed: The pipeline's, 0 <= seed < 2**64.
        step: The step's name.

    Returns:
        A number from 0 to 2**64 - 1, which for one seed and name is the same everywhere and for ever.
    """
    data = seed.to_bytes(8, "big") + step.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8, person=b"twice.step.seed").digest(), "big")


Controls = Mapping[str, Callable[[Any], None]]
"""Module → what else is set in it when it is loaded: see ``control.deterministic``."""


def plant(seed: int, controls: Controls | None = None) -> tuple[str, ...]:
    """Seed ``random``, and every known library that is imported already.

    Args:
        seed: 0 <= seed < 2**64, as :func:`derive` gives it.
        controls: What else is set in libraries.

    Returns:
        The names of the generators that were seeded.
    """
    random.seed(seed)
    planted = ["random"]
    for name, planter in PLANTERS.items():
        module = sys.modules.get(name)
        if module is not None and planter(module, seed):
            planted.append(name)
    for name, control in (controls or {}).items():
        if name in sys.modules:
            control(sys.modules[name])
    return tuple(planted)


def plant_on_import(seed: int, controls: Controls | None = None) -> Callable[[], None]:
    """From now on, seed each known library the moment it is loaded.

    Args:
        seed: 0 <= seed < 2**64, as :func:`derive` gives it.
        controls: What else is set in libraries.

    Returns:
        What takes this back; calling it again does nothing.
    """
    finder = _Finder(seed, controls or {})
    sys.meta_path.insert(0, finder)

    def undo() -> None:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)

    return undo


def once_loaded(name: str, do: Callable[[Any], None]) -> None:
    """Do something to a module: now if it is loaded, else the moment it is, if it ever is.

    Args:
        name: The module's name.
        do: Is given it.
    """
    module = sys.modules.get(name)
    if module is not None:
        do(module)
    else:
        sys.meta_path.insert(0, _Finder(None, {name: do}))


def _numpy(module: Any, seed: int) -> bool:
    # Words of 32 bits, since the legacy generator takes no larger number, and half a seed is not the seed. The third
    # word keeps its stream apart from that of ``random``, which is the same generator and takes the same two.
    return _call(module, "seed", [seed & 0xFFFFFFFF, seed >> 32, 1])


def _torch(module: Any, seed: int) -> bool:
    return _call(module, "manual_seed", seed)  # the CPU's generator, and those of all accelerators


def _tensorflow(module: Any, seed: int) -> bool:
    return _call(getattr(module, "random", None), "set_seed", seed % 2**31)


def _cupy(module: Any, seed: int) -> bool:
    cuda = getattr(module, "cuda", None)
    if cuda is None or not cuda.is_available():
        return False
    return _call(getattr(module, "random", None), "seed", seed % 2**32)


def _polars(module: Any, seed: int) -> bool:
    return _call(module, "set_random_seed", seed)


def _paddle(module: Any, seed: int) -> bool:
    return _call(module, "seed", seed % 2**31)


def _mlx(module: Any, seed: int) -> bool:
    return _call(getattr(module, "random", None), "seed", seed)


def _call(holder: Any, name: str, seed: Any) -> bool:
    """Seed, unless there is nothing to call: a module of the user's own may well be named ``torch``."""
    function = getattr(holder, name, None)
    if not callable(function):
        return False
    function(seed)
    return True


PLANTERS: dict[str, Callable[[Any, int], bool]] = {
    "numpy.random": _numpy,  # not numpy itself, which loads it when it is first asked for
    "torch": _torch,
    "tensorflow": _tensorflow,
    "cupy": _cupy,
    "polars": _polars,
    "paddle": _paddle,
    "mlx.core": _mlx,
}
"""The module after whose loading a generator can be seeded → how; false where there was nothing to seed."""


class _Finder(MetaPathFinder):
    """Lets the other finders find a known library, and seeds it when its loader is done."""

    def __init__(self, seed: int | None, controls: Controls) -> None:
        self._seed = seed
        self._controls = controls

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        planter, control = PLANTERS.get(fullname) if self._seed is not None else None, self._controls.get(fullname)
        if planter is None and control is None:
            return None
        own = sys.meta_path.index(self) if self in sys.meta_path else -1
        for finder in sys.meta_path[own + 1 :]:  # among them may be another of this kind, whose turn it is then
            find = getattr(finder, "find_spec", None)
            spec: importlib.machinery.ModuleSpec | None = None if find is None else find(fullname, path, target)
            if spec is not None:
                _after(spec.loader, lambda module: self._set(module, planter, control))
                return spec
        return None

    def _set(
        self, module: ModuleType, planter: Callable[[Any, int], bool] | None, control: Callable[[Any], None] | None
    ) -> None:
        if planter is not None and self._seed is not None:
            planter(module, self._seed)
        if control is not None:
            control(module)


def _after(loader: Any, set_: Callable[[ModuleType], None]) -> None:
    """Have this one loader set something in what it has loaded.

    The loader itself stays, with only its method replaced and for a single use, since much reads a module's
    ``__loader__``: tracebacks, ``inspect``, package resources.
    """
    load = getattr(loader, "exec_module", None)
    if load is None or isinstance(loader, type):
        return

    def load_and_set(module: ModuleType) -> None:
        with contextlib.suppress(AttributeError):  # two who want to know wrap each other
            del loader.exec_module
        load(module)
        set_(sys.modules.get(module.__name__, module))

    try:
        loader.exec_module = load_and_set
    except AttributeError:  # a loader of somebody's that takes no attributes: what it loads stays as it is
        return
