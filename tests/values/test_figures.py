from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from twice.values.compare import difference
from twice.values.encode import encode
from twice.values.fingerprint import fingerprint
from twice.values.terms import parse_aside
from values import samples
from values.helpers import brought_back, in_memory, round_trip, term_of


def test_a_figure_comes_back_and_shows_the_same() -> None:
    figure = samples.figure()
    encoded = encode(figure)
    back = brought_back(encoded)
    assert isinstance(back, Figure)
    assert back.axes[0].get_title() == "title"
    assert fingerprint(back) == fingerprint(figure)
    assert not encoded.executes


def test_a_figure_means_its_pixels() -> None:
    assert fingerprint(samples.figure()) == fingerprint(samples.figure())
    other = samples.figure()
    other.axes[0].set_title("another")
    assert fingerprint(other) != fingerprint(samples.figure())
    found = difference(term_of(samples.figure()), term_of(other))
    assert found is not None
    assert 0 < found.detail["share"] < 1
    assert 0 < found.detail["largest"] <= 255


def test_a_figure_of_another_size_says_so() -> None:
    found = difference(term_of(samples.figure()), term_of(Figure(figsize=(1, 1), dpi=50)))
    assert found is not None
    assert "150 × 100" in found.what
    assert "50 × 50" in found.what


def test_storing_a_figure_leaves_its_canvas_alone() -> None:
    figure = samples.figure()
    canvas = figure.canvas
    encode(figure)
    assert figure.canvas is canvas


def test_axes_stay_those_of_their_figure() -> None:
    figure = samples.figure()
    value: tuple[Any, Any] = (figure, figure.axes[0])
    back = round_trip(value)
    assert back[1] is back[0].axes[0]


def test_a_picture_for_showing_is_kept_aside() -> None:
    encoded = encode(samples.figure())
    _, entries = parse_aside(encoded.aside, [in_memory(source) for source in encoded.aside_buffers])
    pictures = [entry for entry in entries.values() if isinstance(entry, bytes)]
    assert [picture[:8] for picture in pictures] == [b"\x89PNG\r\n\x1a\n"]


def test_axes_may_be_returned_by_themselves_and_bring_their_figure_along() -> None:
    figure = samples.figure()
    axes = figure.axes[0]
    encoded = encode(axes)
    assert not encoded.executes
    back = brought_back(encoded)
    assert type(back) is type(axes)
    assert back.get_title() == "title"
    assert back is back.get_figure().axes[0]
    assert fingerprint(back) == fingerprint(axes) != fingerprint(figure)


def test_axes_of_one_figure_come_back_in_one_figure() -> None:
    figure = Figure(figsize=(2, 1), dpi=40)
    several = figure.subplots(1, 2)
    back = round_trip({"all": several, "first": several[0], "figure": figure})
    assert back["first"] is back["all"][0] is back["figure"].axes[0]
    assert back["all"][1] is back["figure"].axes[1]
    several[1].set_title("another")
    found = difference(term_of(samples.figure().axes[0]), term_of(several[1]))
    assert found is not None
    assert "150 × 100" in str(found)
