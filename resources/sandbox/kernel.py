"""The kernel's calls for building a room that the standard library of Python 3.11 does not have.

Light on purpose: every program's interpreter loads it. Each function raises OSError that names
the call.
"""

import ctypes
import os
import struct

NEW_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWPID, NEWNET (linux/sched.h)."""
NEW_USER = 0x10000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
_DETACH = 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_ATTR_READ_ONLY = 1 | 2 | 4
"""MOUNT_ATTR_RDONLY, NOSUID, NODEV (linux/mount.h)."""
_MOUNT_SETATTR = 442
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPABILITY_VERSION_3 = 0x20080522
_SET_PDEATHSIG, _SET_SECCOMP, _SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_FILTER = 2

_libc = ctypes.CDLL(None, use_errno=True)


def _call(what: str, function: str, *arguments: object) -> None:
    if getattr(_libc, function)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _long(value: int) -> ctypes.c_long:
    return ctypes.c_long(value)


def unshare(flags: int) -> None:
    """Moves this process into new namespaces; a new PID namespace begins with the next fork."""
    _call("unshare", "unshare", ctypes.c_int(flags))


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Mounts `source`, or what `kind` makes, at `target` (mount(2))."""
    texts = (source.encode(), target.encode(), kind.encode())
    _call(f"mount {target}", "mount", *texts, ctypes.c_ulong(flags), options.encode())


def make_read_only(path: str) -> None:
    """Read-only, without devices and set-user-id, for a mount and all mounts below it.

    Needs Linux 5.12 (mount_setattr): the older remount leaves the mounts below as they are.
    """
    attributes = ctypes.create_string_buffer(struct.pack("4Q", _ATTR_READ_ONLY, 0, 0, 0), 32)
    _call(
        f"mount_setattr {path}",
        "syscall",
        _long(_MOUNT_SETATTR),
        _long(_AT_FDCWD),
        path.encode(),
        _long(_AT_RECURSIVE),
        attributes,
        _long(32),
    )


def pivot_root(new: str, old: str) -> None:
    """Makes `new` the root and moves the old root to `old`, a folder within `new`."""
    number = _PIVOT_ROOT[os.uname().machine]
    _call("pivot_root", "syscall", _long(number), new.encode(), old.encode())


def unmount(path: str) -> None:
    """Takes a mount out of sight at once; it ends when nothing uses it any more."""
    _call(f"umount {path}", "umount2", path.encode(), ctypes.c_int(_DETACH))


def set_host_name(name: str) -> None:
    """The name of the machine in this UTS namespace."""
    _call("sethostname", "sethostname", name.encode(), ctypes.c_size_t(len(name)))


def die_with_parent(signal_number: int) -> None:
    """Sends this process a signal when the thread that made it ends."""
    _prctl(_SET_PDEATHSIG, signal_number)


def drop_capabilities() -> None:
    """Gives up every capability, and the right to gain any by running a program."""
    _prctl(_SET_NO_NEW_PRIVS, 1)
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), 8)
    _call("capset", "capset", header, ctypes.create_string_buffer(24))


def install_filter(instructions: bytes) -> None:
    """Binds this process and its threads to a seccomp filter (8 bytes an instruction)."""
    code = ctypes.create_string_buffer(instructions, len(instructions))
    program = ctypes.create_string_buffer(
        struct.pack("=H6xQ", len(instructions) // 8, ctypes.addressof(code)), 16
    )
    _prctl(_SET_SECCOMP, _SECCOMP_FILTER, ctypes.addressof(program))


def _prctl(option: int, first: int, second: int = 0) -> None:
    _call(f"prctl {option}", "prctl", option, *map(ctypes.c_ulong, (first, second, 0, 0)))
