"""The main job on real data, in acts: run, edit a helper, run the old version again, rebuild what it ran on.

Works on a scratch copy of ``examples/wine``; nothing here is touched. ``make demo`` runs it.
"""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.text import Text

HERE = Path(__file__).parent
WIDTH = 110
console = Console(width=min(Console().width, WIDTH) if sys.stdout.isatty() else WIDTH)

BEFORE = 'sort_values(["cost", "test"])'
AFTER = 'sort_values(["cost", "test"], ascending=False)'
BEFORE_WORDS, AFTER_WORDS = "the cheapest first", "the dearest first"

AGAIN = """\
from twice import Pipeline

old = Pipeline.load("wine@v1.0")
again = old.run()                       # all its steps, from its own snapshot, in an empty place
print(old.recorded.compare(again))"""


def act(number: int, title: str, *lines: str) -> None:
    """Announce an act."""
    console.print()
    console.rule(Text(f" {number} · {title} ", "bold"), align="left", style="cyan")
    for line in lines:
        console.print(Padding(Text(line, "italic"), (0, 2)))
    console.print()


def shell(folder: Path, *command: str, good: tuple[int, ...] = (0,)) -> int:
    """Type a command and let it answer."""
    console.print(Text.assemble(("  $ ", "dim"), ("twice " + " ".join(command), "bold green")))
    return run(folder, "-m", "twice", *command, good=good)


def run(folder: Path, *arguments: str, good: tuple[int, ...] = (0,)) -> int:
    """Run Python in the scratch copy; its answer goes to this terminal."""
    sys.stdout.flush()
    # Without byte code each of many processes would compile all of the libraries again.
    left_out = ("TWICE_STORE", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment)
    if done.returncode not in good:
        raise SystemExit(f"the demo stopped: {' '.join(arguments)} ended with {done.returncode}")
    return done.returncode


def edit(file: Path) -> None:
    """Change a helper, and show the change."""
    old = file.read_text()
    new = old.replace(BEFORE, AFTER).replace(BEFORE_WORDS, AFTER_WORDS)
    assert new != old
    file.write_text(new)
    changed = list(difflib.unified_diff(old.splitlines(), new.splitlines(), "lab.py", "lab.py", lineterm="", n=1))
    console.print(
        Padding(Syntax("\n".join(changed[2:]), "diff", theme="ansi_dark", background_color="default"), (0, 4))
    )


def main() -> None:
    """Play the acts."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="twice-demo-") as scratch:
        folder = Path(scratch) / "wine"
        shutil.copytree(HERE / "wine", folder, ignore=shutil.ignore_patterns(".twice", "__pycache__"))
        console.print(Text("\nTwice: run it twice, get the same thing, or be told exactly why not.", "bold"))
        console.print("Which of three growers made this wine? Six steps in flow.py, helpers in lab.py,")
        console.print("a parameter file, a table of what laboratory tests cost, and real measurements of 178 bottles.")

        act(1, "Run it, and give it a version", "Every step runs from a snapshot of the code, in a fresh process.")
        shell(folder, "run", "flow.py", "--version", "v1.0")

        act(
            2,
            "Edit a helper in another module, and run again",
            "Only what reaches the edited function runs again; the rest is taken from the store.",
        )
        edit(folder / "lab.py")
        console.print()
        shell(folder, "run", "flow.py", "--version", "v1.1")

        act(
            3,
            "Run v1.0 again, though its code is gone from the working tree",
            "Its own code, parameters, files and seed, in an empty place; every output is compared with the record.",
        )
        console.print(Padding(Syntax(AGAIN, "python", theme="ansi_dark", background_color="default"), (0, 4)))
        console.print()
        run(folder, "-c", AGAIN)

        act(4, "What changed between the two, and what came of it")
        shell(folder, "diff", "v1.0", "v1.1", good=(0, 1))

        act(
            5,
            "Run v1.0 on just what it ran on: a fresh environment, from a lock with hashes",
            "The wheels lie in the store from now on, so that this needs no index, here or on another machine.",
        )
        shell(folder, "env", "lock", "v1.0", "--keep-wheels", good=(0, 1))
        console.print()
        shell(folder, "verify", "v1.0", "--env", "venv")

        act(6, "And in a container: no network, a root that cannot be written, nothing else of this machine")
        if not (shutil.which("docker") or shutil.which("podman")):
            console.print("  This act needs Docker or Podman, and neither is here.")
        elif shell(folder, "env", "image", "v1.0", good=(0, 2)) == 0:
            console.print()
            shell(folder, "verify", "v1.0", "--env", "container")

        console.print()
        console.rule(style="cyan")
        console.print(
            f"That took {time.monotonic() - began:.0f} seconds. "
            "Try it yourself: copy examples/wine somewhere, and begin with: twice run flow.py --version v1.0"
        )


if __name__ == "__main__":
    main()
