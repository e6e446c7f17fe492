"""A small package index on this machine, which wants a password, and small packages for it."""

from __future__ import annotations

import base64
import hashlib
import http.server
import io
import tarfile
import threading
import zipfile
from pathlib import Path
from typing import Any

from twice.environment.installed import normalised

USER, PASSWORD = "somebody", "s3cret-w0rd"


def wheel(folder: Path, name: str, version: str, text: str, tag: str = "py3-none-any", needs: str = "") -> Path:
    """Write a wheel with one module."""
    about = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": text,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = ""
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(content)}\n"
    target = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for path, content in {**files, f"{about}/RECORD": f"{record}{about}/RECORD,,\n"}.items():
            archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), content)
    return target


def source(
    folder: Path, name: str, version: str, backend: str = "raise RuntimeError('gcc: command not found')"
) -> Path:
    """Write a source archive that does not compile."""
    target = folder / f"{name}-{version}.tar.gz"
    files = {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "broken"\nbackend-path = ["."]\n',
        "broken.py": f"{backend}\n",
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    }
    with tarfile.open(target, "w:gz") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(f"{name}-{version}/{path}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
    return target


class Index:
    """Serves the files of a folder as a package index (PEP 503) to whoever knows the password."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        index = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.answer(self)

            def do_HEAD(self) -> None:
                index.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        """With the password in it, as people write it into UV_DEFAULT_INDEX."""
        return f"http://{USER}:{PASSWORD}@127.0.0.1:{self.server.server_port}/simple"

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {wanted}":
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="index"')
            request.end_headers()
            return
        parts = [part for part in request.path.partition("#")[0].split("/") if part]
        body = b""
        if parts[0] == "files" and (self.folder / parts[1]).exists():
            body = (self.folder / parts[1]).read_bytes()
        elif parts[0] == "simple" and len(parts) == 2:
            having = [f for f in sorted(self.folder.iterdir()) if normalised(f.name.split("-")[0]) == parts[1]]
            links = "".join(
                f'<a href="/files/{file.name}#sha256={hashlib.sha256(file.read_bytes()).hexdigest()}">{file.name}</a>'
                for file in having
            )
            body = f"<!DOCTYPE html><html><body>{links}</body></html>".encode() if having else b""
        request.send_response(200 if body else 404)
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Content-Type", "text/html" if parts[0] == "simple" else "application/octet-stream")
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(body)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
