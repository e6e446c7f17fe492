"""Lock the environment of a version, at once or later."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from twice.environment import uv
from twice.environment.edits import edited
from twice.environment.fetch import fetch
from twice.environment.lock import Resolved, lockable, resolve
from twice.environment.python import described_at
from twice.environment.record import environment
from twice.environment.wheels import fits, platforms, repacked, source_of, tags
from twice.errors import EnvironmentUnusable
from twice.records.digest import Digest
from twice.records.environment import Distribution, Environment
from twice.records.lock import NOT_LOCKED, LeftOut, Lock, LockedFile, LockedPackage, pins
from twice.store.store import Store

KEEP_WHEELS = "TWICE_KEEP_WHEELS"


def keeps_wheels() -> bool:
    """Whether the user wants wheels kept with every lock: ``TWICE_KEEP_WHEELS=1``."""
    return os.environ.get(KEEP_WHEELS, "").strip().lower() in ("1", "true", "yes", "on")


def lock(store: Store, recorded: Environment, *, keep_wheels: bool = False) -> tuple[Digest, Lock]:
    """Lock an environment: find files with hashes for each of its distributions.

    Names and versions are recorded with every run, so this can be done at any time after: a run does not wait for it.
    What came from no index (a folder, a repository, an editable install) is made into a wheel and put into the vault;
    that needs it to be installed still.

    Args:
        store: The vault.
        recorded: The environment.
        keep_wheels: Put the wheels for this platform into the vault, so that no index is needed to rebuild it.

    Returns:
        The lock, and its name. What could not be locked is named in it.

    Raises:
        EnvironmentUnusable: There is no uv, or no network.
    """
    of = pins(recorded)
    known = store.locks(of)
    never = {d.name for d in recorded.distributions if d.origin == "conda" or not lockable(d.name, d.version)}
    if known and (known[-1][1].kept or not keep_wheels) and {left.name for left in known[-1][1].left_out} <= never:
        return known[-1]
    work = _Work(store, recorded)
    found = work.lock(of, keep_wheels)
    return store.add(found), found


@dataclass
class _Work:
    store: Store
    recorded: Environment
    left: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.here = {found.name: found.version for found in environment(()).distributions}
        places = described_at()
        self.installed: dict[str, Path] = {
            found.name: places[found.name]
            for found in self.recorded.distributions
            if found.name in places and self.here[found.name] == found.version and found.origin != "conda"
        }
        self.spool = self.store.spool()

    def lock(self, of: Digest, keep_wheels: bool) -> Lock:
        wanted = [found for found in self.recorded.distributions if found.name not in NOT_LOCKED]
        python = self.recorded.interpreter.version
        for found in wanted:
            if not lockable(found.name, found.version):
                self.left[found.name] = "its metadata are broken: nothing can be asked for by this name and version"
        own = [found for found in wanted if found.edited or found.origin not in ("index", "unknown")]
        asked = [found for found in wanted if found not in own and found.name not in self.left]
        resolved = resolve({found.name: found.version for found in asked}, python)
        packages = dict(resolved.packages)
        for found in wanted:
            if found.origin == "conda":
                self.left[found.name] = "it is conda's and no Python distribution, so that no index has it"
            elif found.name not in packages and found.name not in self.left:
                why = resolved.unknown.get(found.name, self._why(found))
                package = self._made(found, why)
                if package is not None:
                    packages[found.name] = package
        if keep_wheels:
            self._keep(packages, resolved, python)
        return Lock(
            of=of,
            implementation=self.recorded.interpreter.implementation,
            python=python,
            packages=tuple(packages[name] for name in sorted(packages)),
            left_out=tuple(
                LeftOut(name=found.name, version=found.version, why=self.left[found.name])
                for found in wanted
                if found.name in self.left
            ),
            platforms=platforms([file.name for file in package.files] for package in packages.values()),
        )

    def _why(self, found: Distribution) -> str:
        if found.edited:
            return f"it was edited by hand ({', '.join(path for path, _ in found.edited[:3])})"
        return f"it was installed from no index ({found.origin})"

    def _made(self, found: Distribution, why: str) -> LockedPackage | None:
        """A wheel of what is installed here, in the vault."""
        described = self.installed.get(found.name)
        if described is None:
            gone = "it is not installed here any more"
            if self.here.get(found.name) == found.version:
                gone = "it was installed without a list of its files, so that no wheel can be made of it"
            self.left[found.name] = f"{why}, and {gone}"
            return None
        if found.edited != edited(described) and found.origin != "editable":
            self.left[found.name] = f"{why}, and these edits are not here"
            return None
        folder = self.spool / f"made-{found.name}"
        folder.mkdir()
        try:
            wheel = self._built(described, folder) if found.origin == "editable" else repacked(described, folder)
        except EnvironmentUnusable as problem:
            self.left[found.name] = f"{why}, and {problem.message}"
            return None
        return LockedPackage(name=found.name, version=found.version, files=(self._put(wheel),))

    def _built(self, described: Path, folder: Path) -> Path:
        source = source_of(described)
        if source is None:
            raise EnvironmentUnusable("the folder that it was installed from is not here.")
        uv.run(["build", "-q", "--wheel", "--out-dir", str(folder), str(source)], doing="make a wheel of it")
        wheel = next(iter(sorted(folder.glob("*.whl"))), None)
        if wheel is None:
            raise EnvironmentUnusable("its build made no wheel.")
        return wheel

    def _put(self, wheel: Path) -> LockedFile:
        import hashlib

        data = wheel.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        return LockedFile(name=wheel.name, sha256=sha256, size=len(data), kept=self.store.put(data))

    def _keep(self, packages: dict[str, LockedPackage], resolved: Resolved, python: str) -> None:
        """Put the wheels that this platform would install into the vault; where there is none, the source archive."""
        folder = self.spool / "wheels"
        folder.mkdir()
        wanted = {name: package.version for name, package in resolved.packages.items()}
        chosen, files = brought(wanted, python, folder)
        digests = self.store.adopt_many(files)
        for (name, file), digest in zip(chosen.items(), digests, strict=True):
            kept = LockedFile(name=file.name, sha256=file.sha256, size=file.size, kept=digest)
            others = tuple(other for other in packages[name].files if other.sha256 != file.sha256)
            packages[name] = LockedPackage(
                name=name,
                version=packages[name].version,
                files=tuple(sorted((kept, *others), key=lambda file: file.name)),
            )


def brought(wanted: Mapping[str, str], python: str, folder: Path) -> tuple[dict[str, LockedFile], list[Path]]:
    """Bring here what this platform would install: of each the wheel, or where there is none the source archive.

    Args:
        wanted: Which distributions, and of which version each.
        python: The interpreter's version.
        folder: Where to.

    Returns:
        Which file it is of each, and where these lie, in the same order.
    """
    own = resolve(wanted, python, everywhere=False)
    chosen = {}
    for name, package in own.packages.items():
        wheels = [file for file in package.files if tags(file.name) and fits(file.name, python)]
        chosen[name] = (wheels or list(package.files))[0]
    return chosen, fetch(list(chosen.values()), own.addresses, folder)


def laid_out(store: Store, lock_: Lock, folder: Path, *, copies: bool = False) -> Path | None:
    """A folder with the wheels of a lock that the vault keeps, under their own names; None if it keeps none."""
    kept = [file for package in lock_.packages for file in package.files if file.kept is not None]
    if not kept:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    for file in kept:
        assert file.kept is not None
        if copies:
            shutil.copyfile(store.file(file.kept), folder / file.name)
        else:
            (folder / file.name).symlink_to(store.file(file.kept))
    return folder
