"""Kill a real process at each moment in which it is about to change something on the disk, one after the other.

Run as ``python killing.py FOLDER STORY``. For each moment a child is forked that tells the story and ends itself by
SIGKILL there. Its parent then looks at what it left. Prints one line of JSON at the end.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from crash.stories import STORIES, Story
from twice.store import Store

_CHANGING = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "os.symlink"}


def counted(place: Path, at: int) -> Callable[[str, tuple[object, ...]], None]:
    """An audit hook that ends the process at the nth change below a folder."""
    start, seen = f"{place}{os.sep}", [0]

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            changing = isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
            if not changing or not str(path).startswith(start) or "index.sqlite" in str(path):
                return
        elif event not in _CHANGING or not any(str(argument).startswith(start) for argument in arguments):
            return
        seen[0] += 1
        if seen[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


def tell(story: Story, place: Path, said: Path, at: int) -> bool:
    """Tell a story in a child; whether it came to its end."""
    child = os.fork()
    if not child:
        descriptor = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        sys.addaudithook(counted(place, at))
        with Store.open(place) as store:
            story.told(store, lambda kind, name: os.write(descriptor, f"{kind} {name}\n".encode()))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        return False
    assert os.waitstatus_to_exitcode(status) == 0, "the story itself failed"
    return True


def main(folder: Path, name: str) -> None:
    """Walk all moments."""
    story = STORIES[name]
    before = folder / "before"
    with Store.open(before) as store:
        story.before(store)
    at = 0
    while True:
        at += 1
        place, said = folder / "store", folder / "said"
        shutil.rmtree(place, ignore_errors=True)
        said.unlink(missing_ok=True)
        shutil.copytree(before, place)
        ended = tell(story, place, said, at)
        reported = [tuple(line.split(" ", 1)) for line in said.read_text().splitlines()] if said.exists() else []
        with Store.open(place) as store:
            problems = store.check().problems
            assert problems == (), f"moment {at}: {problems}"
            story.held(store, reported)  # type: ignore[arg-type]
        with Store.open(place) as store:
            story.told(store, lambda kind, name: 0)
            assert store.check().problems == (), f"moment {at}, done again"
        if ended:
            break
    print(json.dumps({"moments": at - 1}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
