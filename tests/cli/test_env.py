"""``twice env`` as people type it; locks and rebuilds themselves are tried in tests/environment."""

from __future__ import annotations

from cli.commands import Folder


def test_env_shows_what_a_version_ran_on_and_what_differs(two_versions: Folder) -> None:
    shown = two_versions.twice("env", "show", "v1.0")
    assert shown.out.startswith("python   CPython 3.")
    assert "not locked yet" in shown.out
    data = two_versions.twice("env", "show", "v1.0", "--json").data
    assert "msgspec" in {package["name"] for package in data["packages"]}
    assert data["lock"] == ""
    assert two_versions.twice("env", "diff", "v1.0").out == "✓ v1.0 and here: no difference is known\n"
    moved = two_versions.twice("env", "diff", "v1.0", OPENBLAS_CORETYPE="Prescott").out
    assert "OPENBLAS_CORETYPE" in moved
    assert two_versions.twice("env", "diff", "v1.0", "v1.1", "--json").data["differences"] == []


def test_env_where_it_makes_no_sense_is_refused(two_versions: Folder) -> None:
    file = two_versions.twice("run", "flow.py", "--env", "venv", expect=2)
    assert "a file runs here" in file.err
    seed = two_versions.twice("run", "v1.0", "--env", "venv", "--seed", "3", expect=2)
    assert "--seed cannot be given with --env" in seed.err
    place = two_versions.twice("verify", "v1.0", "--env", "moon", expect=2)
    assert "'here', 'venv', 'container'" in place.err
    assert "is named 'v9'" in two_versions.twice("env", "lock", "v9", expect=2).err
