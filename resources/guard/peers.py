"""Whose process stands at the other end of a loopback connection, as Linux knows it.

A cookie does not know ports: the browser shows that of 127.0.0.1 to every server on
127.0.0.1, also to one of another person on the same machine. What such a server learns is of
no use to it while only this user's processes may connect.
"""

import logging
import os
import socket
import sys
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)
TABLE = Path("/proc/net/tcp")
ROOT = 0
# Columns of the table: the kernel's Documentation/networking/proc_net_tcp.rst.
LOCAL, REMOTE, USER, INODE = 1, 2, 7, 9


def is_own_peer(client: Any, server: Any) -> bool:
    """Whether this user, or root, holds the client's end of a connection `(host, port)`.

    A client that has already closed its end holds nothing and is refused.
    """
    if not client or not server:
        return False
    wanted = (_hex(client), _hex(server))
    for row in TABLE.read_text(encoding="ascii").splitlines()[1:]:
        cells = row.split()
        if (cells[LOCAL], cells[REMOTE]) == wanted:
            return cells[INODE] != "0" and int(cells[USER]) in (os.getuid(), ROOT)
    return False


def peers_are_known() -> bool:
    """Whether this system tells who connects: tried on a connection of our own."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        with socket.create_connection(listener.getsockname()) as client:
            try:
                return is_own_peer(client.getsockname(), listener.getsockname())
            except (OSError, ValueError, IndexError):
                return False


def peer_check() -> Callable[[Any, Any], bool]:
    """The check of who connects, where this system can tell."""
    if peers_are_known():
        return is_own_peer
    log.warning("this system does not tell who connects; the token alone keeps others out")
    return lambda client, server: True


def _hex(end: tuple[str, int]) -> str:
    """`127.0.0.1:3000` as the table writes it: the address in the machine's byte order."""
    packed = int.from_bytes(IPv4Address(end[0]).packed, sys.byteorder)
    return f"{packed:08X}:{end[1]:04X}"
