"""Runs hostile programs, each in a room of its own, and never longer than it may."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import distribution
from pathlib import Path

from forgemind_assets.errors import NotAvailable
from forgemind_assets.foundry.verifiers.programs import Call, ProgramLimits, ProgramRun
from forgemind_assets.home import REPOSITORY
from resources.sandbox.conversation import Conversation

START_SECONDS = 20.0
"""For building the room, on a machine that is busy with other things; normally 0.03."""
_BOOTSTRAP = (
    "import sys; sys.path.insert(0, {path!r}); "
    "from resources.sandbox.room import main; sys.path.pop(0); main()"
)
LIBRARIES = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo")
"""What of this machine a program may read besides Python's own library."""
_CHUNK = 65536


def run_program(
    program: str, calls: Sequence[Call], limits: ProgramLimits, packages: Sequence[str] = ()
) -> ProgramRun:
    """Loads a program in a new room and makes the calls, one after another.

    `packages` are installed distributions that it may import besides Python's own library.
    Raises PackageNotFoundError where one of them is not installed, and NotAvailable where the
    room cannot be built; the program is then not even sent.
    """
    began = time.monotonic()
    places = [place for package in packages for place in _places_of(package)]
    talk = Conversation(program, calls, limits.answer_bytes)
    request_out, request_in = os.pipe()
    answer_out, answer_in = os.pipe()
    try:
        process = _start(limits, places, request_out, answer_in)
    except OSError:
        for handle in (request_out, request_in, answer_out, answer_in):
            os.close(handle)
        raise
    os.close(request_out)
    os.close(answer_in)
    try:
        output = _converse(talk, limits, process, request_in, answer_out)
    finally:
        _end(process, request_in, answer_out)
    if talk.end == "refused":
        told = output.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1]
        reason = ": ".join(filter(None, [talk.detail, told]))
        raise NotAvailable("no_isolation", f"the room could not be built: {reason}")
    return ProgramRun(
        tuple(talk.answers),
        talk.end or "ended_early",
        talk.detail,
        output.decode("utf-8", "replace"),
        time.monotonic() - began,
    )


def _start(
    limits: ProgramLimits, places: list[str], requests: int, answers: int
) -> "subprocess.Popen[bytes]":
    settings = {
        "requests": requests,
        "answers": answers,
        "libraries": LIBRARIES,
        "python": str(Path(os.__file__).resolve().parent),
        "packages": places,
        "cpu_seconds": limits.cpu_seconds,
        "memory_bytes": limits.memory_bytes,
        "tmp_bytes": limits.tmp_bytes,
    }
    bootstrap = _BOOTSTRAP.format(path=str(REPOSITORY))
    interpreter = os.path.realpath(sys.executable)
    return subprocess.Popen(
        [interpreter, "-I", "-S", "-u", "-X", "utf8", "-c", bootstrap, json.dumps(settings)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={},
        cwd="/",
        pass_fds=(requests, answers),
        start_new_session=True,
    )


def _places_of(package: str) -> list[str]:
    """The folders and files of an installed package at the top of site-packages."""
    found = distribution(package)
    tops = {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}
    return [str(Path(str(found.locate_file(top))).resolve()) for top in sorted(tops)]


def _converse(
    talk: Conversation,
    limits: ProgramLimits,
    process: "subprocess.Popen[bytes]",
    requests: int,
    answers: int,
) -> bytearray:
    """Moves the bytes until the conversation ends; returns what the program printed."""
    assert process.stdout is not None
    printed = process.stdout.fileno()
    output, pending = bytearray(), b""
    deadline = time.monotonic() + START_SECONDS
    started = False
    for handle in (requests, answers, printed):
        os.set_blocking(handle, False)
    with selectors.DefaultSelector() as selector:
        selector.register(answers, selectors.EVENT_READ)
        selector.register(printed, selectors.EVENT_READ)
        while talk.end is None:
            if not pending and (pending := talk.take_request()):
                selector.register(requests, selectors.EVENT_WRITE)
            if pending and not started:
                started, deadline = True, time.monotonic() + limits.seconds
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if time.monotonic() >= deadline:
                talk.stop("out_of_time")
            for key, _ in ready:
                if key.fd == answers:
                    talk.feed(os.read(answers, _CHUNK))
                elif key.fd == printed:
                    data, room = os.read(printed, _CHUNK), limits.output_bytes - len(output)
                    output += data[:room]
                    if not data:
                        selector.unregister(printed)
                    elif len(data) > room:
                        talk.stop("too_much_output")
                else:
                    pending = _send(requests, pending)
                    if not pending:
                        selector.unregister(requests)
    return output


def _send(handle: int, data: bytes) -> bytes:
    """Sends what the pipe takes and returns the rest; none where nobody reads any more."""
    try:
        return data[os.write(handle, data) :]
    except BlockingIOError:
        return data
    except BrokenPipeError:
        return b""


def _end(process: "subprocess.Popen[bytes]", *handles: int) -> None:
    """Kills the program and all that it began, and waits until they are gone.

    The supervisor kills process 1 of the room, with which the kernel ends all others. A
    supervisor that does not obey is killed, and its child dies with it.
    """
    for handle in handles:
        os.close(handle)
    process.terminate()
    try:
        process.wait(START_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        with suppress(OSError):
            process.stdout.close()
