"""A term in a few words, as it stands in a path or in a sentence."""

from __future__ import annotations

from twice.values import terms
from twice.values.terms import LEAVES, Term


def shown(term: Term) -> str:
    """A term as a short text, as it stands in a path."""
    if isinstance(term, terms.Container) and term.form == "tuple":
        return f"({', '.join(shown(item) for item in term.items[:5])})"
    if type(term) in LEAVES:
        text = repr(term)
        return text if len(text) <= 60 else text[:59] + "…"
    return described(term)


def described(term: Term) -> str:
    """A term in a few words."""
    if isinstance(term, terms.Tagged):
        return f"a {term.kind}"
    if isinstance(term, terms.Container):
        return f"a {term.form} of {len(term.items)}"
    if isinstance(term, terms.Mapping):
        return f"a dict of {len(term.keys)}"
    if isinstance(term, terms.Bytes):
        return f"{term.form} of {term.view().nbytes} bytes"
    if isinstance(term, float) and term != term:
        return "nan"
    if type(term) in LEAVES:
        text = repr(term)
        return text if len(text) <= 60 else text[:59] + "…"
    return "another part"


def by_name(mapping: terms.Mapping) -> dict[str, Term]:
    """A dict's values under the text of their keys."""
    return {key if isinstance(key, str) else shown(key): value for key, value in mapping.items()}
