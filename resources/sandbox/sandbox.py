"""The sandbox as the verifiers see it, and the proof that this machine can keep one."""

import os
import sys
from collections.abc import Sequence
from functools import cache

from forgemind_assets.errors import NotAvailable
from forgemind_assets.foundry.verifiers.programs import Call, ProgramLimits, ProgramRun
from resources.sandbox.runner import LIBRARIES, run_program
from resources.sandbox.syscalls import ARCHITECTURES

PATIENT = ProgramLimits(seconds=60, cpu_seconds=10)
"""For the proof: what is found out on a busy machine holds for the whole process."""
_PROBE = """
import os, socket

def reached(hidden):
    found = []
    for name, attempt in {
        "the network": socket.socket,
        "a new process": os.fork,
        "the files of this machine": lambda: os.stat(hidden),
        "its own root": lambda: os.mkdir("/written"),
        "/proc": lambda: os.listdir("/proc"),
    }.items():
        try:
            attempt()
        except OSError:
            continue
        found.append(name)
    return found + (["rights"] if os.getpid() != 1 or os.getuid() == 0 else [])
"""


class Sandbox:
    """Runs programs in namespaces of their own, without network, files, rights or environment."""

    def refusal(self) -> str | None:
        """Why no program can be run here; None where one can. Found out once in a process."""
        return find_refusal()

    def run(
        self,
        program: str,
        calls: Sequence[Call],
        limits: ProgramLimits,
        packages: Sequence[str] = (),
    ) -> ProgramRun:
        """See `ProgramRunner.run`."""
        reason = self.refusal()
        if reason is not None:
            raise NotAvailable("no_isolation", reason)
        return run_program(program, calls, limits, packages)


@cache
def find_refusal() -> str | None:
    """Builds a room, and lets a program of our own try to reach what lies outside it."""
    machine = unsupported_machine()
    if machine is not None:
        return machine
    try:
        run = run_program(_PROBE, [Call("reached", (__file__,))], PATIENT)
    except (NotAvailable, OSError) as error:
        return (
            f"{error}; programs are run only where the kernel gives this user namespaces "
            "(kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns, or "
            "a container's seccomp profile may forbid them), seccomp and Linux 5.12 or newer"
        )
    if run.end != "answered" or run.answers[0].raised:
        return f"the sandbox's own program did not answer: {run.end} {run.detail}".strip()
    reached = run.answers[0].value
    return f"a program in the sandbox reached {', '.join(reached)}" if reached else None


def unsupported_machine() -> str | None:
    """Why this kind of machine has no sandbox; None where it may have one."""
    if sys.platform != "linux":
        return f"programs are run on Linux only, in its namespaces; this is {sys.platform}"
    machine = os.uname().machine
    if machine not in ARCHITECTURES:
        return f"expected one of {', '.join(ARCHITECTURES)}, found the machine {machine}"
    if any(__file__.startswith(f"{folder}/") for folder in LIBRARIES):
        return "ForgeMind lies in a folder of libraries, which programs may read"
    return None
