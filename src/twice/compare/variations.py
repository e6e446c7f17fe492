"""What `twice stress` varies, what of it at once, and the class that a step gets by what it minds. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from twice.control.conditions import Conditions
from twice.control.switches import PINNED
from twice.environment.variables import variables

_HOUR, _DAY = 3600, 86400

Variations = Mapping[str, tuple[str, Conditions]]
"""What is varied → the factor, and the conditions."""

_VARIATIONS: Variations = {
    "seed": ("seed", Conditions(seed=987654321)),
    "hash-seed": ("hash-seed", Conditions(settings={"hash_seed": 12345})),
    "threads 1": ("threads", Conditions(settings={"threads": 1})),
    "threads 3": ("threads", Conditions(settings={"threads": 3})),
    "addresses": ("memory-addresses", Conditions(addresses=True)),
    "timezone east": ("timezone", Conditions(settings={"timezone": "XST-14"})),
    "timezone west": ("timezone", Conditions(settings={"timezone": "XST+12"})),
    "locale C": ("locale", Conditions(settings={"locale": "C"})),
    "an hour later": ("clock", Conditions(inside={"clock": f"shifted {_HOUR}"})),
    "a day later": ("clock", Conditions(inside={"clock": f"shifted {_DAY}"})),
    "398 days later": ("clock", Conditions(inside={"clock": f"shifted {398 * _DAY}"})),
    "another folder": ("path", Conditions(folder="another/folder/that/is/deeper/down")),
    "listings backwards": ("directory-order", Conditions(inside={"directory-order": "reversed"})),
    "no home": ("user-environment", Conditions(variables={"HOME": "/nonexistent/home"})),
    "umask": ("user-environment", Conditions(inside={"umask": str(0o002)})),
    "host name": ("user-environment", Conditions(inside={"identity": "fixed"})),
    "older processor": (
        "hardware",
        Conditions(
            variables={
                "OPENBLAS_CORETYPE": "Haswell",
                "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_ICL AVX512_SPR X86_V4",
                "ATEN_CPU_CAPABILITY": "avx2",
                "MKL_CBWR": "AVX2",
            }
        ),
    ),
}
"""A year, a month, a leap day and one more are 398 days."""

_TOGETHER: tuple[tuple[str, ...], ...] = (
    ("seed",),
    (
        "hash-seed",
        "addresses",
        "another folder",
        "listings backwards",
        "locale C",
        "no home",
        "umask",
        "host name",
        "timezone east",
        "398 days later",
    ),
    ("threads 1",),
    ("threads 3", "a day later"),
    ("timezone west", "an hour later", "no variables"),
    ("older processor",),
)
"""What seldom matters is varied at once. What is minded most often comes first, for budgets that run out."""

PINS: Mapping[str, str] = {
    "threads": "one thread is the same on every machine: OMP_NUM_THREADS=1 when it is recorded, or deterministic=True",
    "hardware": "a code path that machines of the last ten years share, when it is recorded: "
    "OPENBLAS_CORETYPE=Haswell, ATEN_CPU_CAPABILITY=avx2, MKL_CBWR=AVX2; or accept='rounding'",
    "hash-seed": "pinned in every run; elsewhere, sort sets before they come out",
    "timezone": "pinned in every run; elsewhere, use UTC, or pass the zone",
    "locale": "pinned in every run; elsewhere, sort and format without the locale",
}
"""Factor → how a step that minds it gives the same on other machines, where there is something to pin."""

_NEEDED = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "VIRTUAL_ENV")
_FAMILIES_NEEDED = ("PYTHON", "LD_", "DYLD_", "LC_", "TWICE_")
"""Variables without which no process starts as usual, or that are varied on their own."""


def variations(environ: Mapping[str, str]) -> Variations:
    """All that is varied.

    Args:
        environ: The user's environment variables; one variation takes away all that nothing needs.
    """
    kept = {*_NEEDED, *PINNED, *variables(environ)}
    removed = frozenset(name for name in environ if name not in kept and not name.startswith(_FAMILIES_NEEDED))
    emptied = {"no variables": ("user-environment", Conditions(removed=removed))} if removed else {}
    return {**_VARIATIONS, **emptied}


def together(chosen: Collection[str]) -> list[list[str]]:
    """What to vary at once, in this order: if that does nothing, none of it does; else it is taken apart.

    Args:
        chosen: What is to be varied.
    """
    return [found for group in _TOGETHER if (found := [one for one in group if one in chosen])]


def reproducibility(
    minded: Mapping[str, str], *, held: Collection[str] = (), tried: Collection[str] | None = None
) -> str:
    """What may be expected of a step that agrees with itself.

    Args:
        minded: Factors that changed its output, or may have → the effect that each had.
        held: Factors that had to be held still for it to agree with itself.
        tried: The factors that were tried, if not all were.
    """
    if held:
        return f"unstable; with {' and '.join(held)} held still: {reproducibility(minded, tried=tried)}"
    if "inconclusive" in minded.values():
        return "unstable: seldom, it gives another output for no reason that was found"
    sensitive = set(minded) - {"seed"}  # which is a measurement, and no fault
    if not sensitive:
        if tried is None:
            return f"bitwise anywhere{' with its seed' if 'seed' in minded else ''}, as far as it was tried"
        return f"does not mind {', '.join(sorted(set(tried) - {'seed'})) or 'what was tried'}"
    if sensitive == {"threads"}:
        return "bitwise at this thread count"
    if sensitive == {"hardware"}:
        return "bitwise on this instruction set"
    effects = {minded[factor] for factor in sensitive}
    if effects <= {"rounding", "order"}:
        return "rounding" if "rounding" in effects else "order"
    return f"depends on {', '.join(sorted(sensitive))}"
