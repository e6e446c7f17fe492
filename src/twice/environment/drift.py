"""What differs between a recorded environment and this one, and how to say it in a line."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from twice.environment.installed import normalised
from twice.environment.ranking import KINDS, NUMERIC_DISTRIBUTIONS, NUMERIC_FLAGS
from twice.environment.variables import PINNED
from twice.records.environment import Distribution, Environment, NumericLibrary
from twice.records.lock import NOT_LOCKED

_BLAS = ("openblas", "mkl", "blis", "flexiblas", "accelerate")
# Between two builds of one shared library, its name differs by a hash and by a version.
_BUILD = re.compile(r"(?:-[0-9a-f]{8})?(?:\.so[.\d]*|\.dylib|\.\d+)*$")


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference.

    Attributes:
        what: Its kind, one of :data:`twice.environment.ranking.KINDS`.
        name: What differs, as ``pandas``, ``avx512f`` or ``openblas kernel``.
        recorded: What was recorded; empty for what was not there.
        here: What is here; empty for what is not.
    """

    what: str
    name: str
    recorded: str
    here: str

    def __str__(self) -> str:
        """The difference in words."""
        if self.what == "cpu":
            return f"CPU {'without' if self.recorded else 'with'} {self.name}"
        if self.what == "variable":
            return f"{self.name} {_shown(self.recorded)} → {_shown(self.here)}"
        if not self.here:
            return f"{self.name} {self.recorded} is not here"
        if not self.recorded:
            return f"{self.name} {self.here} was not there"
        return f"{self.name} {self.recorded} → {self.here}"


def drift(recorded: Environment, here: Environment, reached: Collection[str] = ()) -> list[Drift]:
    """What differs, ordered by how much it can move numbers.

    Numeric libraries are compared only where both sides know them, since a process that did not load NumPy knows none.
    Variables that the determinism settings pin, and features of the processor that no numeric code looks at, are left
    out. So an empty list says that nothing is known to differ that could matter.

    Args:
        recorded: The environment of the version.
        here: The environment it is to run on.
        reached: Distributions that the steps reach, as ``pandas`` or ``pandas==2.3.1``; they are told first.

    Returns:
        The differences; none if nothing differs.
    """
    first = {normalised(name.partition("==")[0]) for name in reached}
    found = [
        *_machine(recorded, here),
        *_interpreter(recorded, here),
        *_libraries(recorded.numeric, here.numeric),
        *_variables(recorded.variables, here.variables),
        *_distributions(recorded.distributions, here.distributions),
    ]

    def rank(difference: Drift) -> tuple[bool, int, int, str]:
        own = NUMERIC_DISTRIBUTIONS if difference.what == "distribution" else NUMERIC_FLAGS
        position = own.index(difference.name) if difference.name in own else len(own)
        is_reached = difference.what == "distribution" and difference.name in first
        return not is_reached, KINDS.index(difference.what), position, difference.name

    return sorted(found, key=rank)


def sentence(differences: Sequence[Drift]) -> str:
    """The differences in a line, each kind by its first: ``pandas 2.3.1 → 3.0.0, 4 more; CPU without avx512f``.

    Args:
        differences: As :func:`drift` returns them.
    """
    if not differences:
        return "no difference"
    kinds = dict.fromkeys(difference.what for difference in differences)
    parts = []
    for kind in kinds:
        of_kind = [difference for difference in differences if difference.what == kind]
        more = f", {len(of_kind) - 1} more" if len(of_kind) > 1 else ""
        parts.append(f"{of_kind[0]}{more}")
    return "; ".join(parts)


def _machine(recorded: Environment, here: Environment) -> Iterable[Drift]:
    then, now = recorded.machine, here.machine
    yield from _differing("system", "system", then.system, now.system)
    yield from _differing("system", "architecture", then.architecture, now.architecture)
    yield from _differing("libc", "C library", then.libc, now.libc)
    yield from _differing("model", "processor", then.cpu, now.cpu)
    yield from _differing("cores", "cores", str(then.cores), str(now.cores))
    if then.system == now.system:
        yield from _differing("kernel", then.system, then.release, now.release)
    # Features of two architectures have nothing in common, and those of an unknown processor are not missing.
    if then.architecture == now.architecture and then.cpu_flags and now.cpu_flags:
        for flag in NUMERIC_FLAGS:
            before, after = flag in then.cpu_flags, flag in now.cpu_flags
            if before != after:
                yield Drift("cpu", flag, "yes" if before else "", "yes" if after else "")


def _interpreter(recorded: Environment, here: Environment) -> Iterable[Drift]:
    then, now = recorded.interpreter, here.interpreter
    if then.implementation != now.implementation:
        before, after = f"{then.implementation} {then.version}", f"{now.implementation} {now.version}"
    else:
        before, after = then.version, now.version
    yield from _differing("interpreter", "Python", before, after)
    if before == after:
        yield from _differing("interpreter", "Python's build", then.build, now.build)
        yield from _differing("interpreter", "Python's compiler", then.compiler, now.compiler)


def _libraries(recorded: Sequence[NumericLibrary], here: Sequence[NumericLibrary]) -> Iterable[Drift]:
    then, now = _by_file(recorded), _by_file(here)
    for key in sorted(then.keys() & now.keys()):
        for before, after in itertools.zip_longest(then[key], now[key]):
            if before is None or after is None:
                continue
            name = before.name
            # What one side does not know is no difference; another file of the same version is another build.
            if before.version and after.version and before.version != after.version:
                yield Drift("library", name, before.version, after.version)
            elif before.file != after.file:
                yield Drift("library", f"{name} build", before.file, after.file)
            if before.kernel and after.kernel and before.kernel != after.kernel:
                yield Drift("library", f"{name} kernel", before.kernel, after.kernel)
            if before.threads and after.threads and before.threads != after.threads:
                yield Drift("library", f"{name} threads", str(before.threads), str(after.threads))
    families = {library.name for library in recorded} & {library.name for library in here}
    if recorded and here and not families & set(_BLAS):
        then_blas, now_blas = _blas(recorded), _blas(here)
        if then_blas and now_blas:
            yield Drift("library", "BLAS", then_blas, now_blas)


def _blas(libraries: Sequence[NumericLibrary]) -> str:
    return next((f"{library.name} {library.version}".strip() for library in libraries if library.name in _BLAS), "")


def _by_file(libraries: Sequence[NumericLibrary]) -> dict[tuple[str, str], list[NumericLibrary]]:
    found: dict[tuple[str, str], list[NumericLibrary]] = {}
    for library in libraries:
        found.setdefault((library.name, _BUILD.sub("", library.file)), []).append(library)
    return found


def _variables(recorded: Mapping[str, str], here: Mapping[str, str]) -> Iterable[Drift]:
    for name in sorted((recorded.keys() | here.keys()) - PINNED):
        yield from _differing("variable", name, recorded.get(name, ""), here.get(name, ""))


def _distributions(recorded: Sequence[Distribution], here: Sequence[Distribution]) -> Iterable[Drift]:
    then = {distribution.name: distribution for distribution in recorded}
    now = {distribution.name: distribution for distribution in here}
    for name in sorted((then.keys() | now.keys()) - NOT_LOCKED):
        before, after = then.get(name), now.get(name)
        if before is None or after is None or before.version != after.version:
            yield Drift(
                "distribution", name, "" if before is None else before.version, "" if after is None else after.version
            )
        elif before.edited != after.edited:
            yield Drift("distribution", name, _with_edits(before), _with_edits(after))
        elif before.files != after.files and before.files and after.files and _indexed(before) and _indexed(after):
            yield Drift(
                "distribution", name, f"{before.version} ({before.files[:8]})", f"{after.version} ({after.files[:8]})"
            )
        elif before.origin != after.origin and "unknown" not in (before.origin, after.origin):
            yield Drift(
                "distribution", name, f"{before.version} ({before.origin})", f"{after.version} ({after.origin})"
            )


def _with_edits(distribution: Distribution) -> str:
    files = [path for path, _ in distribution.edited]
    if not files:
        return f"{distribution.version} as installed"
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{distribution.version} edited by hand ({files[0]}{more})"


def _indexed(distribution: Distribution) -> bool:
    return distribution.origin in ("index", "unknown")


def _differing(what: str, name: str, recorded: str, here: str) -> Iterable[Drift]:
    if recorded != here:
        yield Drift(what, name, recorded, here)


def _shown(value: str) -> str:
    return repr(value) if value else "unset"
