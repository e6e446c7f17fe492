"""No network: every connection that leaves this machine's process tree is refused."""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection
from typing import Any

LIMITS = "connections that native code makes by itself, and those of processes that are started anew"


def hold(setting: str, files: Collection[str]) -> None:
    """Refuse connections, also to this machine; sockets of files are let through.

    Args:
        setting: Not needed.
        files: Not needed.
    """
    del setting, files

    class Refused(socket.socket):
        """A socket that connects to nothing but files."""

        def connect(self, address: Any, /) -> None:
            """Refuse, unless it is a file."""
            if self.family != getattr(socket, "AF_UNIX", None):
                raise ConnectionRefusedError(errno.ECONNREFUSED, "the network is refused in this experiment")
            super().connect(address)

        def connect_ex(self, address: Any, /) -> int:
            """Refuse, unless it is a file."""
            if self.family != getattr(socket, "AF_UNIX", None):
                return errno.ECONNREFUSED
            return super().connect_ex(address)

    def refuse(*arguments: Any, **keywords: Any) -> Any:
        """No names are looked up."""
        del arguments, keywords
        raise socket.gaierror(socket.EAI_AGAIN, "the network is refused in this experiment")

    socket.socket = Refused  # type: ignore[misc]
    socket.getaddrinfo = refuse
