"""What the vault costs, each figure beside a reference that was measured in the same run, taken in turns.

Run as ``python benchmarks/vault.py [FOLDER] [--quick]``. Prints a table in Markdown. Needs NumPy and 8 GB of disk.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from blake3 import blake3

from twice.store import Store
from twice.store import files as file_digests

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from store.building import key_of, make_trace

MB = 1 << 20


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def in_turns(rows: list[tuple[str, str, Callable[[], float], Callable[[], float]]], turns: int) -> None:
    """Measure each and its reference in turns, and print the medians with the ratio."""
    for what, reference, ours, theirs in rows:
        pairs = [(ours(), theirs()) for _ in range(turns)]
        mine, other = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
        ratio = statistics.median(one / two for one, two in pairs)
        print(f"| {what} | {mine:.3f} s | {reference} {other:.3f} s | {ratio:.2f} | {turns} |", flush=True)


def settled() -> None:
    """Let the files that were just written count as left alone."""
    file_digests.SETTLED = -(10**12)


def noise(file: Path, size: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    with file.open("wb") as out:
        for start in range(0, size, 64 * MB):
            out.write(generator.bytes(min(64 * MB, size - start)))


def copied_and_hashed(source: Path, target: Path) -> float:
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

    def record() -> float:
        nonlocal store
        store.close()
        store = fresh(folder / "store")
        return seconds(lambda: store.put_file(file))

    def changed() -> float:
        state["turn"] += 1
        with file.open("r+b") as out:
            for number in range(20):
                out.seek(size // 20 * number + state["turn"] * 7_001)
                out.write(os.urandom(size // 2000))
        return seconds(lambda: state.update(digest=store.put_file(file)))

    def restore() -> float:
        restored.unlink(missing_ok=True)
        return seconds(lambda: store.copy_out(state["digest"], restored))

    def copied() -> float:
        copy.unlink(missing_ok=True)
        return seconds(lambda: shutil.copyfile(file, copy))

    def hashed() -> float:
        return seconds(lambda: blake3(max_threads=blake3.AUTO).update_mmap(file))

    name = f"a file of {size // MB} MiB"
    in_turns([(f"{name}: record", "copy + BLAKE3", record, lambda: copied_and_hashed(file, copy))], turns)
    in_turns([(f"{name}: unchanged", "BLAKE3", lambda: seconds(lambda: store.put_file(file)), hashed)], turns)
    in_turns([(f"{name}: restore", "copy", restore, copied)], turns)
    in_turns([(f"{name}: 1 % changed", "BLAKE3", changed, hashed)], turns)
    more = (_disk(folder / "store") - used) / size / turns
    print(f"| {name}: more disk for 1 % changed | {more:.2%} of the file | | | {turns} |")
    in_turns([(f"{name}: restore, changed", "copy", restore, copied)], turns)
    store.close()
    for path in (file, copy, restored):
        path.unlink(missing_ok=True)
    shutil.rmtree(folder / "store")


def array(folder: Path, size: int, turns: int) -> None:
    value = np.frombuffer(np.random.default_rng(2).bytes(size), np.float64)
    store = fresh(folder / "store")

    def save() -> float:
        nonlocal store
        store.close()
        store = fresh(folder / "store")

        def work() -> None:
            spooled = store.spool() / "array"
            with spooled.open("wb") as out:
                out.write(memoryview(value).cast("B"))
            store.adopt(spooled)

        return seconds(work)

    def reference() -> float:
        target = folder / "array.npy"
        target.unlink(missing_ok=True)

        def work() -> None:
            np.save(target, value)
            blake3(max_threads=blake3.AUTO).update(memoryview(value).cast("B"))

        return seconds(work)

    name = f"an array of {size // MB} MiB"
    in_turns([(f"{name}: save", "np.save + BLAKE3", save, reference)], turns)
    spooled = store.spool() / "array"
    spooled.write_bytes(memoryview(value).cast("B"))
    digest = store.adopt(spooled)

    def hashed() -> float:
        return seconds(lambda: blake3(max_threads=blake3.AUTO).update(memoryview(value).cast("B")))

    in_turns([(f"{name}: load as a map", "BLAKE3", lambda: seconds(lambda: store.map(digest)), hashed)], turns)
    in_turns(
        [(f"{name}: load, verified", "BLAKE3", lambda: seconds(lambda: store.map(digest, verify=True)), hashed)], turns
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

    def record() -> float:
        nonlocal store
        store.close()
        store = fresh(folder / "store")
        return seconds(lambda: state.update(digests=store.put_files(files)))

    def changed() -> float:
        for file in files[state["turn"] :: 100]:
            file.write_bytes(os.urandom(4096))
        state["turn"] += 1
        return seconds(lambda: state.update(digests=store.put_files(files)))

    def restore() -> float:
        target = folder / "back"
        target.mkdir()

        def work() -> None:
            for number, digest in enumerate(state["digests"]):
                store.copy_out(digest, target / str(number))

        spent = seconds(work)
        shutil.rmtree(target)
        return spent

    def copied() -> float:
        target = folder / "copied"
        spent = seconds(lambda: subprocess.run(["cp", "-r", place, target], check=True))
        shutil.rmtree(target)
        return spent

    def walked() -> float:
        return seconds(lambda: [file.stat() for file in map(Path, _walk(place))])

    name = f"{count:,} files of 4 KiB"
    in_turns([(f"{name}: record", "cp -r", record, copied)], turns)
    in_turns(
        [(f"{name}: unchanged", "a walk with stat", lambda: seconds(lambda: store.put_files(files)), walked)], turns
    )
    in_turns([(f"{name}: 1 % changed", "a walk with stat", changed, walked)], turns)
    in_turns([(f"{name}: restore", "cp -r", restore, copied)], turns)
    store.close()
    shutil.rmtree(place)
    shutil.rmtree(folder / "store")


def traces(folder: Path, count: int) -> None:
    store = fresh(folder / "store")
    made = [make_trace(store, key_of(str(number)), started=number) for number in range(count)]
    begun = time.perf_counter()
    for trace in made:
        store.add(trace)
    appended = (time.perf_counter() - begun) / count

    def flushed() -> None:
        for number in range(count):
            file = folder / f"flushed{number}"
            with file.open("wb") as out:
                out.write(b"x" * 1000)
                out.flush()
                os.fsync(out.fileno())
            file.unlink()

    reference = seconds(flushed) / count
    begun = time.perf_counter()
    for number in range(count):
        assert store.traces(key_of(str(number)))
    looked = (time.perf_counter() - begun) / count
    print(
        f"| a trace: append | {appended * 1e3:.3f} ms | a file written and flushed {reference * 1e3:.3f} ms | "
        f"{appended / reference:.2f} | {count} |"
    )
    print(f"| a trace: look up | {looked * 1e3:.3f} ms | | | {count} |")
    store.close()
    shutil.rmtree(folder / "store")


def _walk(place: Path) -> list[str]:
    return [f"{at}/{name}" for at, _, names in os.walk(place) for name in names]


def _disk(place: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in place.rglob("*") if file.is_file())


def main() -> None:
    arguments = [word for word in sys.argv[1:] if not word.startswith("--")]
    quick = "--quick" in sys.argv
    settled()
    with tempfile.TemporaryDirectory(dir=arguments[0] if arguments else None, prefix="twice-vault-") as name:
        folder = Path(name)
        print("| what | time | reference | ratio | turns |\n|---|---|---|---|---|")
        for size in (64, 256, 1024) if not quick else (64, 256):
            array(folder, size * MB, 3)
        for size in (128, 512, 2048) if not quick else (128, 512):
            large_file(folder, size * MB, 3)
        for count in (2_000, 10_000, 50_000) if not quick else (2_000, 10_000):
            many_files(folder, count, 3)
        traces(folder, 300)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\nPeak memory of the whole: {peak} MiB.")


if __name__ == "__main__":
    main()
