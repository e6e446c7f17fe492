"""Container images: the engine that is here, and a Dockerfile that people can read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from twice.errors import EnvironmentUnusable
from twice.records.environment import SharedLibrary

ENGINES = ("docker", "podman")
CHOICE = "TWICE_CONTAINER_ENGINE"
EPOCH = "1700000000"
"""The time that files of an image are said to be of, where the engine can be told."""
STAGE = "twice.build"
"""The label of what is left over of a build; its value is another for each, since several may be made at once."""
APT = "apt-get install"
"""What a Dockerfile says where the base may lack libraries of the system; it is the only part that needs a network."""

# Asked inside the image: what the interpreter is, and what is installed for it.
ASK = (
    "import importlib.metadata as m, json, platform, sys; tops = {}; "
    "[tops.setdefault(d, []).append(t) for t, ds in m.packages_distributions().items() for d in set(ds)]; "
    "print(json.dumps({'implementation': platform.python_implementation(), 'version': platform.python_version(), "
    "'build': ' '.join(platform.python_build()), 'compiler': platform.python_compiler(), "
    "'libc': ' '.join(platform.libc_ver()), "
    "'distributions': [[d.metadata['Name'], d.version, sorted(tops.get(d.metadata['Name'], []))] "
    "for d in m.distributions()]}))"
)


@dataclass(frozen=True)
class Engine:
    """A container engine.

    Attributes:
        name: ``docker`` or ``podman``.
        program: Its program.
    """

    name: str
    program: str

    def run(self, arguments: Sequence[str], *, doing: str, timeout: float | None = None, hint: str = "") -> str:
        """Run its program.

        Args:
            arguments: What it is told.
            doing: What for, in words that go after "could not".
            timeout: In seconds.
            hint: What to try if it ends with an error that says nothing more general.

        Raises:
            EnvironmentUnusable: It ended with an error.
        """
        done = subprocess.run(
            [self.program, *arguments],
            env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout,
        )
        if done.returncode:
            said = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-12:])
            raise EnvironmentUnusable(f"could not {doing}; {self.name} says:\n{said}", hint=_hint(said) or hint)
        return done.stdout

    def image(self, name: str) -> dict[str, Any] | None:
        """What the engine knows of an image; None if it is not there."""
        try:
            found: dict[str, Any] = json.loads(self.run(["image", "inspect", name], doing="look at an image"))[0]
        except (EnvironmentUnusable, ValueError, IndexError):
            return None
        return found


def engine() -> Engine:
    """Docker or Podman, whichever is here and answers; the one that ``TWICE_CONTAINER_ENGINE`` names, if it does.

    Raises:
        EnvironmentUnusable: Neither is, or it may not be used; the error says what it said.
    """
    problems = []
    chosen = os.environ.get(CHOICE, "")
    if chosen and chosen not in ENGINES:
        raise EnvironmentUnusable(
            f"{CHOICE} is {chosen!r}, which is no engine that is known.", hint=" or ".join(ENGINES)
        )
    for name in [chosen] if chosen else ENGINES:
        program = shutil.which(name)
        if program is None:
            continue
        found = Engine(name, program)
        try:
            found.run(["info"], doing=f"use {name}", timeout=60)
        except EnvironmentUnusable as problem:
            problems.append(problem)
        except subprocess.TimeoutExpired:
            problems.append(EnvironmentUnusable(f"{name} does not answer within a minute."))
        else:
            return found
    if problems:
        raise problems[0]
    if chosen:
        raise EnvironmentUnusable(f"{CHOICE} is {chosen!r}, which is not installed here.", hint=f"unset {CHOICE}")
    raise EnvironmentUnusable(
        "a container needs Docker or Podman, and neither is installed here.",
        hint="install one (apt-get install podman), or use --env venv, which needs none",
    )


def _hint(said: str) -> str:
    if "permission denied" in said.lower():
        return "you may not use the engine: join its group (sudo usermod -aG docker $USER, then log in again)"
    if "daemon" in said.lower() and "connect" in said.lower():
        return "is the engine running? (sudo systemctl start docker)"
    return ""


def dockerfile(
    base: str,
    title: str,
    libraries: Iterable[SharedLibrary],
    *,
    alone: bool,
    installer: str,
    python: str,
    build: str = "",
) -> str:
    """The text of a Dockerfile: the base, the system's libraries that it lacks, and the locked packages; nothing else.

    Args:
        base: The base image, pinned.
        title: What it is, in a line.
        libraries: The system's libraries that steps had loaded.
        alone: Whether all wheels lie in ``wheels/`` beside it, so that no network is needed.
        installer: ``uv``, whose program lies beside it, or ``pip``, which the base has.
        python: The interpreter's minor version.
        build: What names this very build, so that what is left over of it can be found.
    """
    wanted = sorted({f"{found.name.partition('.so')[0]}.so:{found.package}" for found in libraries if found.package})
    source = "--no-index --find-links /build/wheels " if alone else "--find-links /build/wheels "
    if installer == "uv":
        make = f"/build/uv venv -q --relocatable --no-project --python python{python} /venv"
        install = f"/build/uv pip install -q --no-cache --python /venv/bin/python --no-deps {source}"
        settings = "UV_NO_INSTALLER_METADATA=1 UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 "
    else:
        make = f"python{python} -m venv /venv"
        install = f"/venv/bin/python -m pip install -q --no-cache-dir --no-compile --no-deps {source}"
        settings = ""
    compile_ = (
        "PYTHONHASHSEED=0 /venv/bin/python -m compileall -qq --invalidation-mode unchecked-hash -x '/tests?/' /venv/lib"
    )
    date = (
        f"import os; [os.utime(os.path.join(folder, name), ({EPOCH}, {EPOCH}), follow_symlinks=False)"
        " for folder, folders, files in os.walk('/made') for name in ['.', *folders, *files]]"
    )
    lines = [
        f"# {title}",
        f"FROM {base} AS build",
        *([f"LABEL {STAGE}={build}"] if build else []),
        "COPY . /build/",
        f"RUN {make} \\",
        f" && {settings}{install}--require-hashes -r /build/requirements.txt",
        "# Byte code that does not name the time of its source; what cannot be compiled is no module for this Python.",
        f"RUN {compile_} || true",
        "# All is of one date, so that what is copied below is the same whenever it is made.",
        f'RUN mkdir /made && mv /venv /made/venv && python{python} -I -B -c "{date}"',
        "",
        f"FROM {base}",
    ]
    if wanted:
        lines += [
            "# Libraries that the steps had loaded, with the Debian packages that they are of.",
            f"RUN missing=''; for lib in {' '.join(wanted)}; do \\",
            '      ls /usr/lib/*/"${lib%%:*}"* /usr/lib*/"${lib%%:*}"* 2>/dev/null | grep -q . \\',
            '      || missing="$missing ${lib##*:}"; \\',
            "    done; \\",
            '    if [ -n "$missing" ]; then apt-get update -qq \\',
            f"      && {APT} -y -qq --no-install-recommends $missing && rm -rf /var/lib/apt/lists/*; fi",
        ]
    lines += ["COPY --from=build /made /", "ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin", ""]
    return "\n".join(lines)


def mount(source: str, target: str, *, writable: bool = False) -> list[str]:
    """A folder of this machine inside a container; its name may hold spaces and commas."""
    parts = ["type=bind", _quoted(f"source={source}"), _quoted(f"target={target}")]
    return ["--mount", ",".join([*parts, *([] if writable else ["readonly"])])]


def _quoted(part: str) -> str:
    return '"' + part.replace('"', '""') + '"' if "," in part or '"' in part else part
