"""What the verifiers ask of a sandbox: calls of a program's functions, and what came back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class ProgramLimits:
    """What one program may use, all its calls together.

    Attributes:
        seconds: wall-clock time, from the first byte that the program gets.
        cpu_seconds: processor time of all its threads, whole seconds.
        memory_bytes: address space, its interpreter (about 30 MB) included.
        tmp_bytes: files in its /tmp.
        output_bytes: what it prints.
        answer_bytes: one answer, as JSON.
    """

    seconds: float = 5.0
    cpu_seconds: int = 4
    memory_bytes: int = 256 * 1024**2
    tmp_bytes: int = 8 * 1024**2
    output_bytes: int = 64 * 1024
    answer_bytes: int = 256 * 1024


@dataclass(frozen=True)
class Call:
    """One call of a function at the top level of a program, with plain JSON values."""

    function: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What a call came to: a plain JSON value, or the classes of the exception it raised.

    Attributes:
        value: the value, where `raised` is empty.
        raised: names of the exception's class and its bases, the nearest first.
        message: the exception's text, shortened.
    """

    value: Any = None
    raised: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True)
class ProgramRun:
    """A program's answers, in the order of the calls, and why there are no more of them.

    Attributes:
        answers: as many as it gave before it ended.
        end: `answered` (every call), or the stable snake_case reason why not: `load_failed`,
            `ended_early`, `out_of_time`, `too_much_output`, `too_long_answer`, `not_json`,
            `broken_protocol`.
        detail: the exception with which loading failed, or what is known of the end.
        output: what it printed, at most `output_bytes`.
        seconds: wall-clock time, the building of the room included.
    """

    answers: tuple[Answer, ...]
    end: str
    detail: str = ""
    output: str = ""
    seconds: float = 0.0


class ProgramRunner(Protocol):
    """Runs hostile programs, or says that it cannot."""

    def refusal(self) -> str | None:
        """Why no program can be run here; None where one can."""
        ...

    def run(
        self,
        program: str,
        calls: Sequence[Call],
        limits: ProgramLimits,
        packages: Sequence[str] = (),
    ) -> ProgramRun:
        """Loads a program and makes the calls, one after another.

        `packages` are installed distributions that it may import besides Python's own library.
        Raises NotAvailable where the machine cannot hold a hostile program.
        """
        ...
