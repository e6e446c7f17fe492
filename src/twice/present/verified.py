"""The verifications of a version: did it reproduce, when, and where."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from twice.compare.comparison import graded
from twice.present.layout import cut, indented, joined, text
from twice.present.marks import mark, style_of
from twice.present.views import VerificationView
from twice.present.words import ago, count, moment, short

_MOST_SHOWN = 5


def verified_line(found: Sequence[VerificationView], now: int | None) -> Text:
    """The newest verification in a few words: ``verified 2 minutes ago: identical``; nothing where there is none.

    Args:
        found: The verifications, newest first.
        now: In nanoseconds since 1970, for times such as "3 minutes ago".
    """
    if not found:
        return Text("")
    newest = found[0]
    line = text(f"verified {ago(moment(newest.verified), now)}: ", "dim")
    line.append_text(text(_said(newest), _style(newest)))
    if newest.checked != newest.of:
        line.append_text(text(f" ({newest.checked} of {count(newest.of, 'step')})", "dim"))
    return line


def draw_verifications(found: Sequence[VerificationView], run: str, now: int | None) -> list[RenderableType]:
    """Lines for each verification, with the steps that were not as recorded and what is known of why.

    Args:
        found: The verifications, newest first.
        run: The run that is shown besides; one that was held against another is named.
        now: In nanoseconds since 1970, for times such as "3 minutes ago".
    """
    lines: list[RenderableType] = []
    for one in found[:_MOST_SHOWN]:
        where = f"in its {one.env}" if one.env == "venv" else f"in a {one.env}" if one.env == "container" else one.env
        drifted = "" if one.as_recorded or one.env != "here" else "another environment than recorded"
        steps = count(one.of, "step") if one.checked == one.of else f"{one.checked} of {count(one.of, 'step')}"
        lines.append(
            joined(
                Text(" ").join([mark(one.verdict), text(ago(moment(one.verified), now))]),
                text(_said(one), _style(one)),
                text(steps, "dim"),
                text(f"{where} on {one.host}".strip(), "dim"),
                text(drifted, "dim"),
                text(f"against run {short(one.recorded)}" if run and one.recorded != run else "", "dim"),
            )
        )
        for step in one.unlike:
            line = text(step.step, "bold")
            line.append_text(text(f"  {graded(step.verdict, step.grade)}", style_of(step.verdict)))
            lines.append(indented(line.append_text(cut(f"  {step.summary}" if step.summary else "")), 4))
            lines += [indented(text(cause), 6) for cause in step.causes]
            if step.reason:
                lines.append(indented(text(step.reason, "dim"), 6))
    if len(found) > _MOST_SHOWN:
        lines.append(text(f"… and {count(len(found) - _MOST_SHOWN, 'earlier one')}; see them with --json", "dim"))
    return lines


def _said(found: VerificationView) -> str:
    words = graded(found.verdict, found.grade)
    return f"{words}, which its step does not accept" if _unaccepted(found) else words


def _style(found: VerificationView) -> str:
    return style_of("different" if _unaccepted(found) else found.verdict)


def _unaccepted(found: VerificationView) -> bool:
    return found.verdict == "equivalent" and not found.reproducible
