from __future__ import annotations

import pytest

from store.building import NOON, put_run, ref_to
from store.test_filing import record_file
from store.test_objects import flip_first_byte
from twice.errors import Damaged, LabelTaken, NotFound, StoreError
from twice.records.digest import digest_bytes
from twice.store import Found, Store


def test_a_label_means_what_it_was_set_to(store: Store) -> None:
    done = put_run(store)
    ref = ref_to(done)
    assert store.set_label("churn", "v1.0", ref) == ref
    assert store.refs() == [ref]
    assert store.resolve("churn@v1.0") == Found(done.version, done.run, "churn@v1.0")
    assert (store.path / "refs" / "churn" / "v1.0").is_file()


def test_setting_a_label_again_to_the_same_version_changes_nothing(store: Store) -> None:
    first, again = put_run(store, started=NOON), put_run(store, started=NOON + 1)
    assert first.version == again.version
    assert first.run != again.run
    ref = store.set_label("churn", "v1.0", ref_to(first))
    assert store.set_label("churn", "v1.0", ref_to(again, created=NOON + 9)) == ref
    assert store.refs() == [ref]


def test_a_taken_label_is_refused_to_another_version(store: Store) -> None:
    first, other = put_run(store, seed=0), put_run(store, seed=1)
    store.set_label("churn", "v1.0", ref_to(first))
    with pytest.raises(LabelTaken, match=first.version.short) as caught:
        store.set_label("churn", "v1.0", ref_to(other))
    assert other.version.short in caught.value.message
    assert "twice diff" in caught.value.hint
    assert store.resolve("v1.0").version == first.version


def test_a_saved_name_follows_the_same_law(store: Store) -> None:
    first, other = put_run(store, seed=0), put_run(store, seed=1)
    ref = store.set_name("pipeline_v1.0", ref_to(first))
    assert store.set_name("pipeline_v1.0", ref_to(first, label="v2")) == ref
    with pytest.raises(LabelTaken, match=r"pipeline_v1\.0"):
        store.set_name("pipeline_v1.0", ref_to(other))
    assert store.names() == {"pipeline_v1.0": ref}
    assert store.resolve("pipeline_v1.0") == Found(first.version, first.run, "pipeline_v1.0")


def test_labels_that_differ_in_case_only_are_two(store: Store) -> None:
    first, other = put_run(store, seed=0), put_run(store, seed=1)
    store.set_label("churn", "v1", ref_to(first, label="v1"))
    store.set_label("churn", "V1", ref_to(other, label="V1"))
    assert store.resolve("v1").version == first.version
    assert store.resolve("V1").version == other.version


@pytest.mark.parametrize("text", ["", "a/b", "..", "latest", "previous", "x" * 300])
def test_what_cannot_be_a_name_is_refused_and_means_nothing(store: Store, text: str) -> None:
    done = put_run(store)
    with pytest.raises(StoreError, match="cannot be the name"):
        store.set_label("churn", text, ref_to(done, label=text))
    with pytest.raises(StoreError, match="cannot be the name"):
        store.set_name(text, ref_to(done))
    assert store.refs() == []
    if text != "latest":
        with pytest.raises(NotFound):
            store.resolve(text)


def test_a_ref_to_what_is_not_here_is_refused(store: Store) -> None:
    first, other = put_run(store, seed=0), put_run(store, seed=1)
    absent = digest_bytes(b"absent")
    for version, run in [(absent, first.run), (first.version, absent)]:
        ref = ref_to(type(first)(version=version, trace=first.trace, run=run, output=first.output))
        with pytest.raises(NotFound):
            store.set_label("churn", "v1.0", ref)
        with pytest.raises(NotFound):
            store.set_name("v1.0", ref)
    crossed = type(first)(version=first.version, trace=first.trace, run=other.run, output=first.output)
    with pytest.raises(StoreError, match="not one of version"):
        store.set_label("churn", "v1.0", ref_to(crossed))
    with pytest.raises(StoreError, match="cannot be filed as"):
        store.set_label("sales", "v1.0", ref_to(first))


def test_a_bare_label_means_the_only_pipeline_that_has_it(store: Store) -> None:
    churn, sales = put_run(store, "churn"), put_run(store, "sales")
    store.set_label("churn", "v1.0", ref_to(churn))
    store.set_label("sales", "v2.0", ref_to(sales, "sales", "v2.0"))
    assert store.resolve("v2.0").version == sales.version
    store.set_label("sales", "v1.0", ref_to(sales, "sales", "v1.0"))
    with pytest.raises(NotFound, match="2 things") as caught:
        store.resolve("v1.0")
    assert "churn@v1.0" in caught.value.message
    assert "sales@v1.0" in caught.value.message
    assert store.resolve("v1.0", pipeline="sales").version == sales.version
    assert store.resolve("sales@v1.0").version == sales.version


def test_a_saved_name_and_a_label_that_disagree_are_not_guessed_between(store: Store) -> None:
    first, other = put_run(store, seed=0), put_run(store, seed=1)
    store.set_label("churn", "v1.0", ref_to(first))
    store.set_name("v1.0", ref_to(other))
    with pytest.raises(NotFound, match="2 things"):
        store.resolve("v1.0")
    store.set_name("same", ref_to(first, label="same"))
    store.set_label("churn", "same", ref_to(first, label="same"))
    assert store.resolve("same").version == first.version


def test_names_may_hold_what_separates_them(store: Store) -> None:
    done = put_run(store, "a@b")
    store.set_label("a@b", "c@d", ref_to(done, "a@b", "c@d"))
    store.set_name("x@y@z", ref_to(done, "a@b", "c@d"))
    for text in ("a@b@c@d", "c@d", "x@y@z", "a@b@latest"):
        assert store.resolve(text).version == done.version
    for text in ("@", "a@", "@c@d", "a@@b"):
        with pytest.raises(NotFound):
            store.resolve(text)


def test_latest_and_previous_are_runs(store: Store) -> None:
    with pytest.raises(NotFound, match="no latest run"):
        store.resolve("latest")
    first = put_run(store, "churn", started=NOON)
    with pytest.raises(NotFound, match="only one run"):
        store.resolve("previous")
    second = put_run(store, "sales", started=NOON + 1)
    third = put_run(store, "churn", seed=1, started=NOON + 2)
    put_run(store, "churn", seed=2, started=NOON + 3, purpose="verify")
    assert store.resolve("latest") == Found(third.version, third.run, "latest")
    assert store.resolve("previous").run == second.run
    assert store.resolve("previous", pipeline="churn").run == first.run
    assert store.resolve("sales@latest").run == second.run
    with pytest.raises(NotFound, match="of weather"):
        store.resolve("weather@latest")


def test_a_digest_or_its_beginning_means_the_version_or_run(store: Store) -> None:
    done = put_run(store)
    for text in (done.version, done.version.hex, done.version.short, done.version.hex[:4], done.version.short.upper()):
        assert store.resolve(text) == Found(done.version, None, text)
    assert store.resolve(done.run.short) == Found(done.version, done.run, done.run.short)
    assert store.resolve(f"churn@{done.version.short}").version == done.version
    with pytest.raises(NotFound):
        store.resolve(f"sales@{done.version.short}")
    with pytest.raises(NotFound):
        store.resolve(done.version.hex[:3])


def test_a_beginning_that_several_digests_share_lists_them(store: Store) -> None:
    digests = [put_run(store, seed=seed, started=NOON + seed) for seed in range(3)]
    everything = {each.version.hex for each in digests} | {each.run.hex for each in digests}
    shared = next(iter(everything))[:4]
    # Sixteen bits meet too seldom to wait for: a file of the right name stands in for a second version.
    double = store.path / "records" / "version" / shared[:2] / (shared[2:] + "0" * 60)
    double.parent.mkdir(parents=True, exist_ok=True)
    double.write_bytes(b"{}")
    original = next(each for each in everything if each.startswith(shared))
    with pytest.raises(NotFound, match="things") as caught:
        store.resolve(shared)
    assert original in caught.value.message
    assert "more digits" in caught.value.hint
    assert store.resolve(original).version


def test_a_label_that_looks_like_a_digest_is_still_a_label(store: Store) -> None:
    first, other = put_run(store, seed=0), put_run(store, seed=1)
    label = other.version.hex[:6]
    store.set_label("churn", label, ref_to(first, label=label))
    assert store.resolve(label).version == first.version
    assert store.resolve(other.version).version == other.version


def test_what_is_not_found_comes_with_what_was_probably_meant(store: Store) -> None:
    with pytest.raises(NotFound) as nothing:
        store.resolve("v1.0")
    assert "nothing was run" in nothing.value.hint
    done = put_run(store)
    with pytest.raises(NotFound) as unnamed:
        store.resolve("v1.0")
    assert "1 run" in unnamed.value.hint
    store.set_label("churn", "v1.0", ref_to(done))
    store.set_name("pipeline_v1.0", ref_to(done))
    for asked, meant in [("v1.1", "churn@v1.0"), ("chrun@v1.0", "churn@v1.0"), ("pipeline_v1", "pipeline_v1.0")]:
        with pytest.raises(NotFound, match=asked) as caught:
            store.resolve(asked)
        assert f"did you mean {meant}" in caught.value.hint
    with pytest.raises(NotFound) as far:
        store.resolve("something else entirely")
    assert "there is: pipeline_v1.0, churn@v1.0" in far.value.hint


def test_a_damaged_name_is_reported_and_the_others_are_not_harmed(store: Store) -> None:
    first, other = put_run(store, seed=0), put_run(store, seed=1)
    store.set_label("churn", "v1.0", ref_to(first))
    store.set_label("churn", "v2.0", ref_to(other, label="v2.0"))
    file = store.path / "refs" / "churn" / "v1.0"
    file.chmod(0o644)
    file.write_bytes(b"{")
    with pytest.raises(Damaged, match=r"churn@v1\.0") as caught:
        store.resolve("churn@v1.0")
    assert "refs/churn/v1.0" in caught.value.hint
    with pytest.raises(Damaged):
        store.set_label("churn", "v1.0", ref_to(other))
    assert store.resolve("churn@v2.0").version == other.version
    with pytest.warns(RuntimeWarning, match=r"churn@v1\.0"):
        assert [ref.label for ref in store.refs()] == ["v2.0"]


def test_a_ref_to_a_damaged_run_is_refused(store: Store) -> None:
    done = put_run(store)
    flip_first_byte(record_file(store, done.run))
    with pytest.raises(Damaged):
        store.set_label("churn", "v1.0", ref_to(done))
