"""Builds the room for one hostile program and becomes its supervisor.

Runs as a program of its own in a fresh interpreter that knows nothing of ForgeMind's data. It
moves into new namespaces and forks; the child becomes process 1 of a PID namespace, swaps its
root for one that holds Python's library and an empty /tmp, gives up its rights, and answers
calls. The supervisor outside waits, and kills the child when it is told to or ForgeMind ends.
"""

import json
import os
import resource
import signal
import sys
from typing import Any, NoReturn

from resources.sandbox import kernel, seccomp
from resources.sandbox.harness import answer_calls

NOBODY = 65534
OPEN_FILES = 64
THREADS = 64
ROOT_OPTIONS = "size=1m,nr_inodes=1k,mode=755"
TMP_FILES = 1024
PYTHON, PACKAGES = "/python", "/packages"
"""Where Python's library and the packages that the program may import lie within the room."""


def main() -> NoReturn:
    """Reads its settings from the command line (JSON, see `runner.Sandbox`) and supervises."""
    settings = json.loads(sys.argv[1])
    sys.argv[1:] = []
    requests, answers = settings["requests"], settings["answers"]
    children: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: _kill(children))
    kernel.die_with_parent(signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        _separate()
        child = os.fork()
    except OSError as error:
        _refuse(answers, str(error))
    if child == 0:
        _live(settings, requests, answers)
    children.append(child)
    for handle in (requests, answers, 1, 2):
        os.close(handle)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.waitpid(child, 0)
    os._exit(0)


def _kill(children: list[int]) -> None:
    for child in children:
        os.kill(child, signal.SIGKILL)


def _separate() -> None:
    """New namespaces of every kind; where this is not root, a user namespace gives the right."""
    if os.geteuid() == 0:
        kernel.unshare(kernel.NEW_NAMESPACES)
        return
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.NEW_NAMESPACES | kernel.NEW_USER)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - pathlib loads slowly
            file.write(text)


def _live(settings: dict[str, Any], requests: int, answers: int) -> NoReturn:
    """The child's life, from building the room to the program's end."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        os.setsid()  # or kill(0) would reach the supervisor
        kernel.set_host_name("sandbox")
        _build_root(settings)
        _give_up_rights(settings)
        kernel.install_filter(seccomp.build(os.uname().machine))
    except (OSError, ValueError, KeyError) as error:
        _refuse(answers, str(error))
    os.write(answers, b'{"ready": true}\n')
    try:
        answer_calls(requests, answers)
    finally:
        os._exit(0)


def _build_root(settings: dict[str, Any]) -> None:
    kernel.mount("none", "/", "none", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, ROOT_OPTIONS)  # noqa: S108
    os.mkdir("/tmp/.old")  # noqa: S108, PTH102
    kernel.pivot_root("/tmp", "/tmp/.old")  # noqa: S108
    os.chdir("/")
    for path in settings["libraries"]:
        _show(path, path)
    _show(settings["python"], PYTHON)
    if os.path.isdir(f"{PYTHON}/site-packages"):  # noqa: PTH112
        kernel.mount("tmpfs", f"{PYTHON}/site-packages", "tmpfs", kernel.MS_NODEV, "size=4k")
    for path in settings["packages"]:
        _show(path, f"{PACKAGES}/{os.path.basename(path)}")  # noqa: PTH119
    sys.path[:] = [PYTHON, f"{PYTHON}/lib-dynload", PACKAGES]
    sys.path_importer_cache.clear()
    os.mkdir("/tmp")  # noqa: S108, PTH102
    kernel.unmount("/.old")
    os.rmdir("/.old")  # noqa: PTH106
    kernel.make_read_only("/")
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    size = f"size={settings['tmp_bytes']},nr_inodes={TMP_FILES},mode=777"
    kernel.mount("tmpfs", "/tmp", "tmpfs", flags, size)  # noqa: S108
    os.chdir("/tmp")  # noqa: S108


def _show(path: str, place: str) -> None:
    """Makes a folder or file of the old root visible at a place of the new one.

    A link is repeated; what is not there is left out.
    """
    old = f"/.old{path}"
    if os.path.islink(old):  # noqa: PTH114
        os.symlink(os.readlink(old), place)  # noqa: PTH115, PTH211
        return
    if os.path.isdir(old):  # noqa: PTH112
        os.makedirs(place, exist_ok=True)  # noqa: PTH103
    elif os.path.isfile(old):  # noqa: PTH113
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o600))
    else:
        return
    kernel.mount(old, place, "none", kernel.MS_BIND | kernel.MS_REC)


def _give_up_rights(settings: dict[str, Any]) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    kernel.drop_capabilities()
    kernel.die_with_parent(signal.SIGKILL)  # changing the user forgets it, so not before
    for kind, limit in (
        (resource.RLIMIT_CPU, settings["cpu_seconds"]),
        (resource.RLIMIT_AS, settings["memory_bytes"]),
        (resource.RLIMIT_FSIZE, settings["tmp_bytes"]),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, THREADS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))


def _refuse(answers: int, reason: str) -> NoReturn:
    os.write(answers, json.dumps({"refused": reason}).encode() + b"\n")
    os._exit(0)
