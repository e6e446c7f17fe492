"""A verdict as JUnit's XML, which build servers show: each step is a test."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from twice.errors import last_line
from twice.present.reports import StepVerdictView, VerdictView

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(verdict: VerdictView) -> bytes:
    """The XML of one verdict: a step that does not reproduce is a failure, one that fails an error.

    What is inconclusive is skipped, with the reason: it neither passed nor failed.

    Args:
        verdict: The verdict.
    """
    steps = verdict.steps
    counts = {
        "tests": len(steps),
        "failures": sum(_outcome(step) == "failure" for step in steps),
        "errors": sum(_outcome(step) == "error" for step in steps),
        "skipped": sum(_outcome(step) == "skipped" for step in steps),
    }
    # As in the schemas of build servers: skipped tests are counted by suite, and moments have no fraction.
    whole = ElementTree.Element("testsuites", {name: str(counts[name]) for name in ("tests", "failures", "errors")})
    attributes = {
        "name": f"twice verify {verdict.name}".strip(),
        **{name: str(number) for name, number in counts.items()},
    }
    if verdict.made:
        attributes["timestamp"] = verdict.made[: len("2026-01-01T00:00:00")]
    if verdict.host:
        attributes["hostname"] = verdict.host
    suite = ElementTree.SubElement(whole, "testsuite", _clean(attributes))
    properties = ElementTree.SubElement(suite, "properties")
    for name in ("recorded", "now", "level", "environment"):
        if value := getattr(verdict, name):
            ElementTree.SubElement(properties, "property", _clean({"name": name, "value": value}))
    for step in steps:
        case = ElementTree.SubElement(
            suite, "testcase", _clean({"classname": verdict.name or "twice", "name": step.name})
        )
        if outcome := _outcome(step):
            said = {"message": _message(step), "type": step.verdict}
            ElementTree.SubElement(case, outcome, _clean(said)).text = _NOT_IN_XML.sub("�", _told(step))
    told = [f"in doubt: {step.name}: {doubt}" for step in steps for doubt in step.doubts]
    if told or verdict.not_checked:
        lines = "\n".join([*told, *(f"not checked: {what}" for what in verdict.not_checked)])
        ElementTree.SubElement(suite, "system-out").text = _NOT_IN_XML.sub("�", lines)
    ElementTree.indent(whole)
    found: bytes = ElementTree.tostring(whole, encoding="utf-8", xml_declaration=True)
    return found


def _outcome(step: StepVerdictView) -> str:
    """The element that stands for what became of a step; empty if it reproduces."""
    if step.reproduces:
        return ""
    return {"fails": "error", "inconclusive": "skipped"}.get(step.verdict, "failure")


def _message(step: StepVerdictView) -> str:
    return step.difference or last_line(step.reason) or step.verdict


def _told(step: StepVerdictView) -> str:
    """Everything that is known, line by line."""
    suspected = step.reason and step.causes and step.verdict != "fails"  # which the causes settle
    lines = [step.reason] if step.reason and not suspected else []
    for cause in step.causes:
        where = f" ({cause.location})" if cause.location else ""
        detail = f": {cause.detail}" if cause.detail else ""
        lines.append(f"{cause.status}: {cause.factor}{detail}{where}")
        lines += [f"  {line}" for line in (cause.reason, cause.fix and f"fix: {cause.fix}") if line]
    lines += [line for line in (step.spread, step.operation, step.power, step.spreads, step.unsettled) if line]
    return "\n".join(lines)


def _clean(attributes: dict[str, str]) -> dict[str, str]:
    """Without characters that XML cannot hold."""
    return {name: _NOT_IN_XML.sub("�", value) for name, value in attributes.items()}
