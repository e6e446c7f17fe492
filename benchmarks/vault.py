"""What the vault costs, each figure beside a reference that was measured in the same run, taken in turns.

Run as ``python benchmarks/vault.py [PART…] [--quick] [--in FOLDER]``; the parts are ``array``, ``file``, ``files``,
``memory`` and ``traces``. Prints a table in Markdown: medians of the times, and of the ratios of time and of processor
time, which says more on a machine that others use too. Needs NumPy and 10 GB of disk.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np
from blake3 import blake3

from twice.records.canonical import encode
from twice.store import Store
from twice.store import files as file_digests
from twice.values.encode import encode as encode_value

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from store.building import key_of, make_trace

MB = 1 << 20


class Spent(NamedTuple):
    """Seconds that passed, and seconds that processors worked for this process and its children."""

    passed: float
    worked: float


def seconds(work: Callable[[], object]) -> Spent:
    begun, before = time.perf_counter(), sum(os.times()[:4])
    work()
    return Spent(time.perf_counter() - begun, sum(os.times()[:4]) - before)


def in_turns(what: str, reference: str, ours: Callable[[], Spent], theirs: Callable[[], Spent], turns: int) -> None:
    """Measure something and its reference in turns, and print the medians with the ratios."""
    pairs = [(ours(), theirs()) for _ in range(turns)]
    mine, other = (statistics.median(pair[side].passed for pair in pairs) for side in (0, 1))
    ratio = statistics.median(one.passed / two.passed for one, two in pairs)
    worked = sum(one.worked for one, _ in pairs) / max(0.01, sum(two.worked for _, two in pairs))
    print(f"| {what} | {mine:.3f} s | {reference} {other:.3f} s | {ratio:.2f} | {worked:.2f} | {turns} |", flush=True)


def settled() -> None:
    """Let the files that were just written count as left alone."""
    file_digests.SETTLED = -(10**12)


def noise(file: Path, size: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    with file.open("wb") as out:
        for start in range(0, size, 64 * MB):
            out.write(generator.bytes(min(64 * MB, size - start)))


def copied_and_hashed(source: Path, target: Path) -> Spent:
    target.unlink(missing_ok=True)
    return seconds(lambda: (shutil.copyfile(source, target), blake3(max_threads=blake3.AUTO).update_mmap(source)))


def fresh(place: Path) -> Store:
    shutil.rmtree(place, ignore_errors=True)
    return Store.open(place)


def large_file(folder: Path, size: int, turns: int) -> None:
    file, copy = folder / "file", folder / "copy"
    noise(file, size, 1)
    store = fresh(folder / "store")
    restored = folder / "restored"
    state = {"digest": store.put_file(file), "turn": 0}
    used = _disk(folder / "store")

    def record() -> Spent:
        nonlocal store
        store.close()
        store = fresh(folder / "store")
        return seconds(lambda: store.put_file(file))

    def changed() -> Spent:
        state["turn"] += 1
        with file.open("r+b") as out:
            for number in range(20):
                out.seek(size // 20 * number + state["turn"] * 7_001)
                out.write(os.urandom(size // 2000))
        return seconds(lambda: state.update(digest=store.put_file(file)))

    def restore() -> Spent:
        restored.unlink(missing_ok=True)
        return seconds(lambda: store.copy_out(state["digest"], restored))

    def copied() -> Spent:
        copy.unlink(missing_ok=True)
        return seconds(lambda: shutil.copyfile(file, copy))

    def hashed() -> Spent:
        return seconds(lambda: blake3(max_threads=blake3.AUTO).update_mmap(file))

    name = f"a file of {size // MB} MiB"
    in_turns(f"{name}: record", "copy + BLAKE3", record, lambda: copied_and_hashed(file, copy), turns)
    in_turns(f"{name}: unchanged", "BLAKE3", lambda: seconds(lambda: store.put_file(file)), hashed, turns)
    in_turns(f"{name}: restore", "copy", restore, copied, turns)
    in_turns(f"{name}: 1 % changed", "BLAKE3", changed, hashed, turns)
    more = (_disk(folder / "store") - used) / size / turns
    print(f"| {name}: more disk for 1 % changed | {more:.2%} of the file | | | | {turns} |")
    in_turns(f"{name}: restore, changed", "copy", restore, copied, turns)
    store.close()
    for path in (file, copy, restored):
        path.unlink(missing_ok=True)
    shutil.rmtree(folder / "store")


def array(folder: Path, size: int, turns: int) -> None:
    value = np.frombuffer(np.random.default_rng(2).bytes(size), np.float64)
    store = fresh(folder / "store")

    def save() -> Spent:
        nonlocal store
        store.close()
        store = fresh(folder / "store")

        def work() -> None:
            spooled = store.spool() / "array"
            with spooled.open("wb") as out:
                out.write(memoryview(value).cast("B"))
            store.adopt(spooled)

        return seconds(work)

    def reference() -> Spent:
        target = folder / "array.npy"
        target.unlink(missing_ok=True)

        def work() -> None:
            np.save(target, value)
            blake3(max_threads=blake3.AUTO).update(memoryview(value).cast("B"))

        return seconds(work)

    name = f"an array of {size // MB} MiB"
    in_turns(f"{name}: save", "np.save + BLAKE3", save, reference, turns)
    spooled = store.spool() / "array"
    spooled.write_bytes(memoryview(value).cast("B"))
    digest = store.adopt(spooled)

    def hashed() -> Spent:
        return seconds(lambda: blake3(max_threads=blake3.AUTO).update(memoryview(value).cast("B")))

    in_turns(f"{name}: load as a map", "BLAKE3", lambda: seconds(lambda: store.map(digest)), hashed, turns)
    in_turns(
        f"{name}: load, verified", "BLAKE3", lambda: seconds(lambda: store.map(digest, verify=True)), hashed, turns
    )
    store.close()
    shutil.rmtree(folder / "store")
    (folder / "array.npy").unlink()


def many_files(folder: Path, count: int, turns: int) -> None:
    place = folder / "many"
    for number in range(count):
        if number % 500 == 0:
            (place / str(number // 500)).mkdir(parents=True)
        (place / str(number // 500) / f"{number}.bin").write_bytes(os.urandom(4096))
    files = sorted(file for file in place.rglob("*.bin"))
    store = fresh(folder / "store")
    state = {"digests": store.put_files(files), "turn": 0}

    def record() -> Spent:
        nonlocal store
        store.close()
        store = fresh(folder / "store")
        return seconds(lambda: state.update(digests=store.put_files(files)))

    def changed() -> Spent:
        for file in files[state["turn"] :: 100]:
            file.write_bytes(os.urandom(4096))
        state["turn"] += 1
        return seconds(lambda: state.update(digests=store.put_files(files)))

    def restore() -> Spent:
        target = folder / "back"
        target.mkdir()

        def work() -> None:
            for number, digest in enumerate(state["digests"]):
                store.copy_out(digest, target / str(number))

        spent = seconds(work)
        shutil.rmtree(target)
        return spent

    def copied() -> Spent:
        target = folder / "copied"
        spent = seconds(lambda: subprocess.run(["cp", "-r", place, target], check=True))
        shutil.rmtree(target)
        return spent

    def walked() -> Spent:
        return seconds(lambda: [file.stat() for file in map(Path, _walk(place))])

    name = f"{count:,} files of 4 KiB"
    in_turns(f"{name}: record", "cp -r", record, copied, turns)
    in_turns(f"{name}: unchanged", "a walk with stat", lambda: seconds(lambda: store.put_files(files)), walked, turns)
    in_turns(f"{name}: 1 % changed", "a walk with stat", changed, walked, turns)
    in_turns(f"{name}: restore", "cp -r", restore, copied, turns)
    store.close()
    shutil.rmtree(place)
    shutil.rmtree(folder / "store")


def traces(folder: Path, count: int) -> None:
    """Each by itself, since what passes beside them on the machine makes a few of them a hundred times slower."""
    store = fresh(folder / "store")
    one = make_trace(store, key_of("any"))
    made = [msgspec.structs.replace(one, key=key_of(str(number)), started=number) for number in range(2 * count)]
    keys = [trace.key for trace in made[count:]]
    data = encode(one)
    (folder / "written").mkdir()

    def written(number: int) -> None:
        half = folder / "written" / "half"
        half.write_bytes(data)
        half.rename(folder / "written" / str(number))

    for trace in made[:count]:  # so that the store's folders are there
        store.add(trace)
    _each("a trace: append", store.add, made[count:], "a file written and renamed", written)
    _each("a trace: look up, the first time", store.traces, keys)
    time.sleep(2.5)  # until it is believed that the folders were left alone
    for key in keys:
        store.traces(key)
    _each("a trace: look up again", store.traces, keys)
    _each("a trace: look up one that is not there", store.traces, [key_of(f"no {number}") for number in range(count)])
    spent = seconds(store.rebuild)
    print(f"| {2 * count:,} traces: flush, all together | {spent.passed:.3f} s | | | | 1 |")
    store.close()
    shutil.rmtree(folder / "store")
    shutil.rmtree(folder / "written")


T = TypeVar("T")


def _each(
    what: str,
    work: Callable[[T], object],
    many: Sequence[T],
    reference: str = "",
    theirs: Callable[[int], object] | None = None,
) -> None:
    ours, other = [], []
    for number, one in enumerate(many):
        ours.append(seconds(lambda: work(one)).passed)  # noqa: B023 - called at once
        if theirs is not None:
            other.append(seconds(lambda: theirs(number)).passed)  # noqa: B023
    mine = statistics.median(ours)
    if not other:
        print(f"| {what} | {mine * 1e6:.0f} µs | | | | {len(many)} |", flush=True)
        return
    beside = statistics.median(other)
    print(
        f"| {what} | {mine * 1e6:.0f} µs | {reference} {beside * 1e6:.0f} µs | {mine / beside:.2f} | | {len(many)} |",
        flush=True,
    )


def memory(folder: Path, size: int) -> None:
    """The peaks of the two processes that an output goes through, and what it leaves on the disk."""
    for turn in ("once", "again, unchanged"):
        for what in ("spooled", "filed"):
            words = [sys.executable, __file__, "--child", what, str(folder), str(size)]
            before = _disk(folder / "store") if (folder / "store").exists() else 0
            peak = float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
            more = f"{_disk(folder / 'store') - before:,} bytes more" if what == "filed" else ""
            print(
                f"| an array of {size // MB} MiB: peak memory, {what} {turn} | {peak / MB:.0f} MiB | "
                f"the array {size // MB} MiB | {peak / size:.2f} | {more} | 1 |",
                flush=True,
            )
    shutil.rmtree(folder / "store")


def _child(what: str, folder: Path, size: int) -> None:
    if what == "spooled":  # as a worker does it
        value = np.empty(size // 8)
        generator = np.random.default_rng(3)
        for start in range(0, len(value), MB):
            generator.random(out=value[start : start + MB])
        encoded = encode_value(value)
        for number, part in enumerate((encoded.skeleton, *encoded.buffers)):
            (folder / f"part{number}").write_bytes(memoryview(part))
    else:  # as its parent does it
        with Store.open(folder / "store") as store:
            store.adopt_many(sorted(folder.glob("part*")))
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak is not None
    print(int(peak[1]) * 1024)


def flushing(folder: Path) -> None:
    """What this disk takes in, which bounds everything that waits for it."""
    file = folder / "flushed"
    with file.open("wb") as out:
        out.write(os.urandom(256 * MB))
        spent = seconds(lambda: (out.flush(), os.fsync(out.fileno())))
    print(f"| 256 MiB: flushed to this disk | {spent.passed:.3f} s | | | | 1 |")
    file.unlink()


def _walk(place: Path) -> list[str]:
    return [f"{at}/{name}" for at, _, names in os.walk(place) for name in names]


def _disk(place: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in place.rglob("*") if file.is_file())


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("parts", nargs="*")
    words.add_argument("--quick", action="store_true", help="without the largest of each")
    words.add_argument("--in", dest="place", help="a folder on the disk to be measured")
    words.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.child:
        _child(given.child[0], Path(given.child[1]), int(given.child[2]))
        return
    settled()
    last = -1 if given.quick else None
    with tempfile.TemporaryDirectory(dir=given.place, prefix="twice-vault-") as name:
        folder = Path(name)
        print("| what | time | reference | ratio | processor time | turns |\n|---|---|---|---|---|---|")
        parts: dict[str, Callable[[], object]] = {
            "array": lambda: [array(folder, size * MB, 3) for size in (64, 256, 1024)[:last]],
            "file": lambda: [large_file(folder, size * MB, 3) for size in (128, 512, 2048)[:last]],
            "files": lambda: [many_files(folder, count, 3) for count in (2_000, 10_000, 50_000)[:last]],
            "memory": lambda: [memory(folder, size * MB) for size in (256, 512, 1024)[:last]],
            "traces": lambda: traces(folder, 2000),
        }
        flushing(folder)
        for part in given.parts or parts:
            parts[part]()
    print(f"\nLoad: {os.getloadavg()[0]:.0f}.")


if __name__ == "__main__":
    main()
