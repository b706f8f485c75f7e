"""Hostile programs: all contained, all counted as failed, and nothing of them is left."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest
from fakes.hostile_programs import CONTAINED, FORGERS, PRELUDE, X86_64_ONLY

from forgemind_assets.errors import NotAvailable
from forgemind_assets.foundry.verifiers.base import Claim
from forgemind_assets.foundry.verifiers.programs import Call, ProgramLimits, ProgramRun
from forgemind_assets.foundry.verifiers.python_tests import PythonTests
from forgemind_assets.home import REPOSITORY
from resources.sandbox.runner import run_program
from resources.sandbox.sandbox import Sandbox, find_refusal

REFUSAL = find_refusal()
isolated = pytest.mark.skipif(REFUSAL is not None, reason=f"no sandbox here: {REFUSAL}")

SQUARES = {
    "function": "f",
    "cases": [{"args": [2], "expected": 4}, {"args": [3], "expected": 9}],
}
SHORT = PythonTests.model_validate({**SQUARES, "seconds": 2})
PATIENT = PythonTests.model_validate({**SQUARES, "seconds": 60})


class Recorder(Sandbox):
    """The sandbox, and what ran in it last."""

    last: ProgramRun

    def run(
        self,
        program: str,
        calls: Sequence[Call],
        limits: ProgramLimits,
        packages: Sequence[str] = (),
    ) -> ProgramRun:
        self.last = super().run(program, calls, limits, packages)
        return self.last


def claim(program: str) -> Claim:
    return Claim("square a number", json.dumps({"code": program}))


BEFORE: set[int] = set()


@pytest.fixture(autouse=True)
def before() -> set[int]:
    """The children that this process has for other tests, such as a database."""
    BEFORE.clear()
    BEFORE.update(child.pid for child in psutil.Process().children())
    return BEFORE


def room_processes() -> list[int]:
    """Processes of any sandbox that this test began."""
    began = [child for child in psutil.Process().children() if child.pid not in BEFORE]
    return [p.pid for child in began for p in (child, *child.children(recursive=True))]


class Outside:
    """The machine around the sandbox: a secret, a suite, servers that nobody may reach."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.secret = folder / "id_ed25519"
        self.secret.write_text("PRIVATE KEY")
        self.suite = folder / "full.jsonl"
        self.suite.write_text('{"expected": 4}\n')
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(0)
        self.abstract = f"forgemind-{os.getpid()}"
        self.mailbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.mailbox.bind("\0" + self.abstract)
        self.mailbox.settimeout(0)

    def fill(self, program: str) -> str:
        facts = {
            "PID": os.getpid(), "PARENT": os.getppid(), "PORT": self.server.getsockname()[1],
            "ABSTRACT": self.abstract, "SECRET": self.secret, "SUITE": self.suite,
            "OUTSIDE": self.folder, "REPOSITORY": REPOSITORY, "HOME": Path.home(),
            "HOST": os.uname().nodename,
        }  # fmt: skip
        for name, value in facts.items():
            program = program.replace(f"@{name}@", str(value))
        return program

    def assert_untouched(self) -> None:
        assert sorted(path.name for path in self.folder.iterdir()) == ["full.jsonl", "id_ed25519"]
        for channel, take in ((self.server, "accept"), (self.mailbox, "recvfrom")):
            with pytest.raises(BlockingIOError):
                getattr(channel, take)(*([100] if take == "recvfrom" else []))


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    made = Outside(tmp_path)
    with made.server, made.mailbox:
        yield made


def test_there_are_forty_hostile_programs():
    assert len(CONTAINED) + len(FORGERS) >= 40


@isolated
@pytest.mark.parametrize("name", CONTAINED)
def test_a_hostile_program_reaches_nothing_and_fails(
    name: str, outside: Outside, monkeypatch: pytest.MonkeyPatch
):
    if name in X86_64_ONLY and os.uname().machine != "x86_64":
        pytest.skip("the numbers of its calls are those of x86_64")
    monkeypatch.setenv("FORGEMIND_TEST_KEY", "secret")
    runner = Recorder()
    verdict = SHORT.check(claim(PRELUDE + outside.fill(CONTAINED[name])), runner)
    assert not verdict.keep
    assert verdict.reason != "program_load_failed", runner.last.detail
    assert [answer.value for answer in runner.last.answers if answer.value] == []
    outside.assert_untouched()
    assert room_processes() == []


@isolated
@pytest.mark.parametrize("name", FORGERS)
def test_a_program_that_wants_to_be_counted_as_right_is_not(name: str):
    verdict = SHORT.check(claim(PRELUDE + FORGERS[name]), Sandbox())
    assert not verdict.keep
    assert room_processes() == []


@isolated
def test_what_is_reached_would_be_seen():
    runner = Recorder()
    program = PRELUDE + "def attack():\n    attempt('the sum', lambda: 1 + 1)\n"
    assert PATIENT.check(claim(program), runner).reason == "tests_failed"
    assert runner.last.answers[0].value == ["the sum"]


@isolated
@pytest.mark.parametrize(
    "program",
    [
        "def f(x): return x * x",
        "async def f(x):\n    import asyncio\n    await asyncio.sleep(0)\n    return x * x",
        "print('hello')\ndef f(x):\n    print(x)\n    return x ** 2.0",
        "import tempfile\ndef f(x):\n    with tempfile.TemporaryFile() as t: t.write(b'1')\n"
        "    return x * x",
        "from concurrent.futures import ThreadPoolExecutor\ndef f(x):\n"
        "    with ThreadPoolExecutor(2) as pool: return sum(pool.map(lambda _: x, range(x)))",
        "import hashlib, sqlite3, decimal, ssl, zoneinfo, dataclasses\n"
        "def f(x): return int(decimal.Decimal(x) ** 2)",
        "from dataclasses import dataclass\n@dataclass\nclass Box:\n    x: int\n"
        "def f(x): return Box(x).x * x",
        "if __name__ == '__main__':\n    raise SystemExit(1)\ndef f(x): return x * x",
    ],
    ids=["plain", "async", "prints", "temporary file", "threads", "library", "class", "main"],
)
def test_a_right_program_passes(program: str):
    assert PATIENT.check(claim(program), Sandbox()).reason == "tests_passed"


@isolated
def test_exceptions_are_expected_by_the_name_of_a_class_or_its_base():
    cases = [
        {"args": ["x"], "raises": "JSONDecodeError"},
        {"args": ["x"], "raises": "ValueError"},
        {"args": ["[1, {}]"], "expected": [1, {}]},
    ]
    verifier = PythonTests.model_validate({"function": "f", "cases": cases, "seconds": 60})
    right = "import json\ndef f(x): return json.loads(x)"
    assert verifier.check(claim(right), Sandbox()).keep
    assert not verifier.check(claim("def f(x): raise KeyError(x)"), Sandbox()).keep


@isolated
def test_cases_nested_to_the_limit_of_json_drop_the_row_and_break_nothing():
    verifier = PythonTests.model_validate({"function": "f", "cases_from": "input", "seconds": 60})
    answer = json.dumps({"code": "def f(x): return 1"})
    for depth in (500, 950, 980, 985, 990, 995, 5000):
        cases = '[{"args": [' + "[" * depth + "]" * depth + '], "expected": 1}]'
        reason = verifier.check(Claim(cases, answer), Sandbox()).reason
        assert reason in ("tests_passed", "no_tests", "field_missing", "program_load_failed")


@isolated
@pytest.mark.parametrize(
    ("program", "end"),
    [
        ("import os\nos._exit(0)", "ended_early"),
        ("import time\ntime.sleep(3600)", "out_of_time"),
        ("while True: print('x' * 1000)", "too_much_output"),
        ("def f(x): return 'x' * 1_000_000", "too_long_answer"),
        ("def f(x): return {1, 2}", "not_json"),
        ("1 / 0", "load_failed"),
    ],
)
def test_the_end_of_a_program_is_named(program: str, end: str):
    run = run_program(program, [Call("f", (1,))], ProgramLimits(seconds=2))
    assert (run.end, run.answers) == (end, ())


@isolated
def test_nothing_is_left_of_many_programs_at_once():
    def facts() -> tuple[str, int, list[int]]:
        mounts = Path("/proc/self/mountinfo").read_text()
        return mounts, psutil.Process().num_fds(), room_processes()

    before = facts()
    ends: list[str] = []

    def run() -> None:
        program = "import threading, time\ndef f(x):\n    threading.Timer(9, print).start()\n"
        program += "    open('/tmp/left', 'w').write('x')\n    return x"
        ends.append(run_program(program, [Call("f", (1,))], ProgramLimits(seconds=60)).end)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == ["answered"] * 4
    assert facts() == before


@isolated
def test_a_program_dies_with_a_forgemind_that_is_killed(tmp_path: Path):
    code = (
        "from forgemind_assets.foundry.verifiers.programs import ProgramLimits\n"
        "from resources.sandbox.runner import run_program\n"
        "run_program('import time; print(1); time.sleep(3600)', [], ProgramLimits(seconds=3600))"
    )
    host = psutil.Popen([sys.executable, "-c", code], cwd=REPOSITORY)
    rooms: list[psutil.Process] = []
    while len(rooms) < 2:  # the supervisor, and process 1 of the room
        assert host.poll() is None
        rooms = host.children(recursive=True)
        time.sleep(0.01)
    host.kill()
    host.wait()
    _, alive = psutil.wait_procs(rooms, timeout=60)
    assert alive == []


def test_a_machine_without_namespaces_is_refused():
    code = (
        "import os\nfrom contextlib import suppress\nfrom resources.sandbox import kernel\n"
        "user, group = os.geteuid(), os.getegid()\n"
        "with suppress(OSError):\n"
        "    kernel.unshare(kernel.NEW_USER)\n"
        "    for name, text in (('setgroups', 'deny'), ('uid_map', f'0 {user} 1'),\n"
        "                       ('gid_map', f'0 {group} 1')):\n"
        "        with open(f'/proc/self/{name}', 'w') as file: file.write(text)\n"
        "    with open('/proc/sys/user/max_net_namespaces', 'w') as file: file.write('0')\n"
        "from forgemind_assets.errors import NotAvailable\n"
        "from forgemind_assets.foundry.verifiers.programs import ProgramLimits\n"
        "from resources.sandbox.sandbox import Sandbox\n"
        "print(Sandbox().refusal())\n"
        "try:\n    Sandbox().run('print(1)', [], ProgramLimits())\n"
        "except NotAvailable as error:\n    print('refused:', error.reason)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    told, refused = done.stdout.strip().splitlines()
    assert "programs are run only where" in told or "Linux" in told
    assert refused == "refused: no_isolation"


def test_a_room_that_cannot_be_built_gets_no_program():
    class Refusing(Sandbox):
        def refusal(self) -> str | None:
            return "not here"

    with pytest.raises(NotAvailable, match="not here"):
        SHORT.check(claim("def f(x): return x * x"), Refusing())
