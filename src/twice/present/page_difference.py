"""What differs between two versions, and which of it made the outputs differ, as one HTML file of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from twice.present.findings import CauseView, ChangeView, DifferenceView, DiffView, WhyView
from twice.present.html import coloured, document, listed, rows, short
from twice.present.why import ending, named
from twice.present.words import count


def difference_page(diff: DiffView) -> str:
    """The page.

    Args:
        diff: What differs.
    """
    title = f"{diff.before.name} → {diff.after.name}"
    why = _why(diff.why) if diff.why is not None else ()
    return document(title, (*_head(diff), *_outputs(diff), *why, *_changes(diff.changes), *_unreached(diff)))


def _head(diff: DiffView) -> Iterator[str]:
    yield f"<h1>{escape(diff.before.name)} → {escape(diff.after.name)}</h1>"
    words = "nothing differs that steps reach" if diff.same else "something differs"
    yield f'<p class="verdict">{coloured("identical" if diff.same else "different", words)}</p>'
    sides = f"version {short(diff.before.version)} → version {short(diff.after.version)}"
    yield f'<p class="dim mono">{escape(sides)}</p>'


def _outputs(diff: DiffView) -> Iterator[str]:
    if diff.outputs:
        yield "<h2>Outputs</h2>"
    yield from rows(
        ("step", "", diff.before.name, diff.after.name),
        (
            (
                escape(one.step),
                coloured(
                    "identical" if one.same else "different", one.difference or ("same" if one.same else "differs")
                ),
                escape(one.before or "(none)"),
                escape(one.after or "(none)"),
            )
            for one in diff.outputs
        ),
    )


def _why(why: WhyView) -> Iterator[str]:
    yield "<h2>Why the outputs differ, by experiment</h2>"
    if not why.differences:
        words = "no output differs because of what changed" if not why.not_checked else "not divided"
        yield f'<p class="verdict">{escape(words)}</p>'
    for found in why.differences:
        yield from _difference(found)
    if why.ruled_out:
        yield from listed("Without effect", map(named, why.ruled_out))
    if why.experiments:
        told = f"{count(len(why.experiments), 'mixture')} of both versions, {count(why.runs, 'run')} of steps"
        yield f'<h2>Experiments</h2><p class="dim">{escape(told)}</p>'
    numbers = list(dict.fromkeys(name for one in why.experiments for name in one.numbers))
    yield from rows(
        ("with", *numbers),
        (
            (
                escape(" · ".join(one.conditions)),
                *(f"{one.numbers[name]:.6g}" if name in one.numbers else "" for name in numbers),
            )
            for one in why.experiments
        ),
    )
    yield from listed("Not checked", why.not_checked)


def _difference(found: DifferenceView) -> Iterator[str]:
    yield f'<section class="step"><h2>{escape(found.name)}</h2><p class="verdict">{escape(found.difference)}</p>'
    yield from rows(
        ("part", "cause", "how that is known"),
        ((_part(cause), f"<strong>{escape(named(cause))}</strong>", _known(cause)) for cause in found.causes),
    )
    if ending(found):
        yield f'<p class="dim">{escape(ending(found))}</p>'
    yield "</section>"


def _part(cause: CauseView) -> str:
    return f"{cause.share:+.4g}" if cause.share is not None else ""


def _known(cause: CauseView) -> str:
    return f"{escape(cause.status)}<br><span class='dim'>{escape(cause.reason)}</span>"


def _changes(changes: Iterable[ChangeView]) -> Iterator[str]:
    changed = list(changes)
    if changed:
        yield "<h2>What changed</h2>"
    yield from rows(
        ("what", "which", "before", "after", "steps"),
        (
            tuple(map(escape, (one.what, one.name, one.before, one.after, ", ".join(one.steps))))
            for one in changed
            if not one.patch
        ),
    )
    for one in changed:
        if one.patch:
            reached = f"reached by {', '.join(one.steps)}" if one.steps else ""
            yield f'<h3>{escape(one.name)} <span class="dim">{escape(one.after or one.before)}</span></h3>'
            lines = "".join(map(_line, one.patch.splitlines()[2:]))
            yield f'<p class="dim">{escape(reached)}</p><pre class="patch">{lines}</pre>'


def _line(line: str) -> str:
    kind = {"+": "come", "-": "gone", "@": "dim"}.get(line[:1], "")
    return f'<span class="{kind}">{escape(line)}</span>\n' if kind else f"{escape(line)}\n"


def _unreached(diff: DiffView) -> Iterator[str]:
    yield from listed("Files that differ only where no step reaches", diff.unreached)
