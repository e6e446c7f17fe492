from __future__ import annotations

from cli.commands import Folder
from twice.records.code import Snapshot
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.store import Store


def test_the_store_is_cleared_out_and_labels_stay(own_two_versions: Folder) -> None:
    said = own_two_versions.twice("gc", "--dry-run", "--keep-runs", "0", "--json").data
    assert said["state"] == "would be freed"
    assert own_two_versions.twice("gc", "--dry-run").out.startswith("✓ nothing can go")
    own_two_versions.twice("gc", "--keep-runs", "0", "--aside")
    own_two_versions.twice("gc", "--undo")
    freed = own_two_versions.twice("gc", "--keep-runs", "0", "--json")
    assert freed.data["state"] == "freed"
    assert freed.err.startswith("will be freed: ") is bool(freed.data["counts"])
    own_two_versions.twice("check")
    assert [version["names"][0] for version in own_two_versions.twice("log", "--json").data["versions"]] == [
        "flow@v1.1",
        "flow@v1.0",
    ]


def test_what_makes_no_sense_is_refused(own_two_versions: Folder) -> None:
    assert "stands alone" in own_two_versions.twice("gc", "--undo", "--dry-run", expect=2).err
    assert "exclude each other" in own_two_versions.twice("gc", "--aside", "--dry-run", expect=2).err
    assert "write it as" in own_two_versions.twice("gc", "--older-than", "soon", expect=2).err


def test_a_damaged_output_and_a_missing_one_are_made_again(own_two_versions: Folder) -> None:
    """One step's output is trampled, the output of the step before it is gone: they are mended in order."""
    folder = own_two_versions
    steps = folder.twice("show", "v1.1", "--json").data["steps"]
    store = folder.path / ".twice"
    broken = []
    with Store.open(store) as opened:
        run = opened.load(opened.resolve("v1.1").run, RunRecord)  # type: ignore[arg-type]
        for result in run.steps[:2]:
            assert result.trace is not None
            broken.append(opened.load(result.trace, Trace).output.skeleton)
    assert len(steps) >= 2 and len(set(broken)) == 2
    places = [store / "objects" / digest.hex[:2] / digest.hex[2:] for digest in broken]
    before = [place.read_bytes() for place in places]
    places[0].unlink()
    places[1].chmod(0o644)
    places[1].write_bytes(b"trampled")
    assert folder.twice("check", expect=1).out.startswith("✗ the store is damaged: 2 problems")
    said = folder.twice("check", "--repair", "--json").data
    assert said["whole"] and set(said["mended"]) == set(broken)
    assert [place.read_bytes() for place in places] == before


def test_what_cannot_be_made_again_is_left_and_said(own_two_versions: Folder) -> None:
    folder = own_two_versions
    with Store.open(folder.path / ".twice") as opened:
        run = opened.load(opened.resolve("v1.1").run, RunRecord)  # type: ignore[arg-type]
        source = opened.load(run.snapshot, Snapshot).modules[0].source
    (folder.path / ".twice" / "objects" / source.hex[:2] / source.hex[2:]).unlink()
    said = folder.twice("check", "--repair", "--json", expect=1).data
    assert said["mended"] == [] and [problem["name"] for problem in said["problems"]] == [source]


def test_a_torn_trace_is_mentioned_in_one_line_and_gone(own_two_versions: Folder) -> None:
    folder = own_two_versions
    for whole in list((folder.path / ".twice" / "records" / "trace").glob("*/*")):
        whole.with_name(f"{whole.name.partition('.')[0]}.{'0' * 64}").write_bytes(whole.read_bytes()[:100])
    said = [line for line in folder.twice("run", "flow.py").err.splitlines() if "power cut" in line]
    assert said and all(line.startswith(f"note: the trace blake3:{'0' * 64}, which a power cut tore") for line in said)
    assert "power cut" not in folder.twice("run", "flow.py").err
    assert folder.twice("check", "--json").data["whole"]
