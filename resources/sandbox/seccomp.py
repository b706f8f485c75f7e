"""The filter between a program and the kernel, as instructions of classic BPF (seccomp(2))."""

import errno
import struct

from resources.sandbox.syscalls import ARCHITECTURES, allowed, guarded

_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_CLONE_THREAD = 0x00010000
_AF_UNIX = 1
_TERMINAL_AND_FLAGS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX (asm-generic/ioctls.h)."""


def build(machine: str) -> bytes:
    """The filter for a machine of `ARCHITECTURES`. Raises KeyError for another.

    A call that is not allowed fails with EPERM. `clone` makes threads only, and `clone3`, whose
    flags a filter cannot see, is as if the kernel were too old to have it.
    """
    code = [
        _op(_LOAD, _ARCHITECTURE),
        _op(_EQUAL, ARCHITECTURES[machine], 1, 0),
        _op(_RETURN, _KILL),
        _op(_LOAD, _NUMBER),
    ]
    for number in allowed(machine):
        code += [_op(_EQUAL, number, 0, 1), _op(_RETURN, _ALLOW)]
    code += [
        _op(_EQUAL, guarded(machine, "clone3"), 0, 1),
        _op(_RETURN, _REFUSE | errno.ENOSYS),
        _op(_EQUAL, guarded(machine, "clone"), 0, 4),
        _op(_LOAD, _argument(0)),
        _op(_ANY_BIT, _CLONE_THREAD, 0, 1),
        _op(_RETURN, _ALLOW),
        _op(_RETURN, _REFUSE | errno.EPERM),
    ]
    code += _only(guarded(machine, "socketpair"), 0, (_AF_UNIX,))
    code += _only(guarded(machine, "ioctl"), 1, _TERMINAL_AND_FLAGS)
    return b"".join([*code, _op(_RETURN, _REFUSE | errno.EPERM)])


def _only(number: int, position: int, values: tuple[int, ...]) -> list[bytes]:
    """Allows one call where the argument at `position` is one of the values."""
    code = [_op(_EQUAL, number, 0, 2 + 2 * len(values)), _op(_LOAD, _argument(position))]
    for value in values:
        code += [_op(_EQUAL, value, 0, 1), _op(_RETURN, _ALLOW)]
    return [*code, _op(_RETURN, _REFUSE | errno.EPERM)]


def _argument(position: int) -> int:
    """Offset of the low half of an argument, on little-endian machines."""
    return _ARGUMENTS + 8 * position


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
