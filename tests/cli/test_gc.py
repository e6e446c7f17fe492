from __future__ import annotations

from cli.commands import Folder


def test_the_store_is_cleared_out_and_labels_stay(two_versions: Folder) -> None:
    said = two_versions.twice("gc", "--dry-run", "--keep-runs", "0", "--json").data
    assert said["state"] == "would be freed"
    assert two_versions.twice("gc", "--dry-run").out.startswith("✓ nothing can go")
    two_versions.twice("gc", "--keep-runs", "0", "--aside")
    two_versions.twice("gc", "--undo")
    assert two_versions.twice("gc", "--keep-runs", "0", "--json").data["state"] == "freed"
    two_versions.twice("check")
    assert [version["names"][0] for version in two_versions.twice("log", "--json").data["versions"]] == [
        "flow@v1.1",
        "flow@v1.0",
    ]


def test_what_makes_no_sense_is_refused(two_versions: Folder) -> None:
    assert "stands alone" in two_versions.twice("gc", "--undo", "--dry-run", expect=2).err
    assert "exclude each other" in two_versions.twice("gc", "--aside", "--dry-run", expect=2).err
    assert "write it as" in two_versions.twice("gc", "--older-than", "soon", expect=2).err
