"""The generation engine: speed against its peers, a bad server, and 50 kills.

    speed    10,000 requests to a server with 200 ms latency, on 2 cores; ours keeps its journal,
             its reservations, and answers bound to a schema; the peers do none of this
    weather  the share of a hidden and changing limit that is used from second 30 to second 60,
             among 5xx, hangs, cut and broken answers; what was lost, paid twice, overspent.
             A question may be drawn six times: the server cuts 2 % of its answers at max_tokens,
             and with three draws one question in 10^5 ends without a usable one
    kills    one run after another is killed with SIGKILL at a random moment; what was asked twice

The server is a process of its own; its ceiling is measured with a raw client. The peers live in an
environment of their own:

    python3 -m venv .venv-peers-generation
    .venv-peers-generation/bin/pip install -r tests/bench/peers_generation.txt
"""

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

from fakes.busy_openai import read_stats  # noqa: E402

PEERS = Path(os.environ.get("FORGEMIND_GENERATION_PEERS", REPOSITORY / ".venv-peers-generation"))
AT_ONCE = 512
SCHEMA = {
    "type": "object",
    "properties": {
        "question": {"type": "string"},
        "lines": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
    "required": ["question", "lines"],
    "additionalProperties": False,
}
DOLLARS_PER_ANSWER = (20 * 1.0 + 10 * 2.0) / 1e6
"""The server counts 20 tokens in and 10 out, at $1 and $2 for a million."""
CAPACITY = [[0, 150], [12, 80], [24, 220], [40, 110], [50, 180]]
WEATHER = {"refuses": 0.01, "breaks": 0.03, "hangs": 0.005, "cuts": 0.01, "garbles": 0.01}
SLIPS = {"slips": 0.03, "truncates": 0.02}


@contextmanager
def server(**weather: object) -> Iterator[int]:
    """The port of a server with this weather."""
    command = [sys.executable, str(REPOSITORY / "tests" / "fakes" / "busy_openai.py")]
    with subprocess.Popen(
        [*command, json.dumps(weather)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:  # leaving it closes its input, which ends it
        assert process.stdout is not None
        yield int(process.stdout.readline())


def ask(job: dict) -> dict:
    """Our engine on a job: `port`, `ledger`, `count`, `limit`, `timeout`, `at_once`."""
    from forgemind_assets.goal import Prices, Teacher
    from resources.ledger import Ledger
    from resources.teacher_api import Endpoint
    from resources.teachers import Account, Patience, TeacherClient, TeacherRequest

    teacher = Teacher(
        name="t",
        kind="openai",
        model="m",
        concurrency=job["at_once"],
        timeout_seconds=job["timeout"],
        max_tokens=100,
    )
    endpoint = Endpoint(f"http://127.0.0.1:{job['port']}/v1", "k", "m")
    ledger = Ledger(f"sqlite:///{job['ledger']}")
    prices, patience = Prices(input=1.0, output=2.0), Patience(first_wait=0.25)
    account = Account(
        teacher, prices, lambda: endpoint, ledger, "g", "0001", job["limit"], patience
    )
    requests = [
        TeacherRequest(
            messages=({"role": "user", "content": f"question {n}"},), json_schema=SCHEMA, redraws=5
        )
        for n in range(job["count"])
    ]
    began, cpu = time.perf_counter(), time.process_time()
    answers = TeacherClient(account).ask_many(requests)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    released = ledger.release_stale()
    usage = ledger.usage("g")
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "statuses": Counter(a.status for a in answers),
        "answered": sum(a.text is not None and not a.reason for a in answers),
        "repaired": sum(a.repaired for a in answers),
        "reasons": Counter(a.reason for a in answers if a.reason).most_common(5),
        "stored": usage.responses,
        "answers_dollars": usage.dollars,
        "spent_dollars": ledger.spent("g", "api"),
        "in_flight_at_kills": len(released),
    }


def in_a_process(*command: str) -> dict:
    """The JSON object that a process prints last."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def ours(**job: object) -> dict:
    """Our engine in a process of its own."""
    return in_a_process(sys.executable, __file__, "--ask", json.dumps(job))


async def raw_client(port: int, count: int) -> float:
    """Requests a second of a client that does nothing but send and receive bytes."""
    body = b'{"model":"m","messages":[{"role":"user","content":"q"}]}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
    left = iter(range(count))

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in left:
            writer.write(head % len(body) + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(answer.rpartition(b"content-length: ")[2]))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return count / (time.perf_counter() - began)


def speed(count: int, rounds: int, peers: list[str]) -> dict:
    """Ours and the peers in turn, each in a process of its own, the best of each side's rounds."""
    rates: dict[str, list[float]] = {"ours": [], **{peer: [] for peer in peers}}
    cpu = 0.0
    for _ in range(rounds):
        for name in rates:
            with server(latency=0.2) as port, tempfile.TemporaryDirectory() as folder:
                if name == "ours":
                    found = ours(
                        port=port,
                        ledger=f"{folder}/ledger.db",
                        count=count,
                        limit=100.0,
                        timeout=60.0,
                        at_once=AT_ONCE,
                    )
                    cpu = found["cpu_seconds"] / count
                else:
                    script = str(Path(__file__).parent / "peer_generation.py")
                    python = str(PEERS / "bin" / "python")
                    url = f"http://127.0.0.1:{port}/v1"
                    found = in_a_process(python, script, name, url, str(count), str(AT_ONCE))
                assert found["answered"] == count, (name, found)
                rates[name].append(count / found["seconds"])
    with server(latency=0.2) as port:
        ceiling = asyncio.run(raw_client(port, count))
    return {
        "requests": count,
        "requests_per_second": round(max(rates["ours"]), 1),
        "peers": {peer: round(max(rates[peer]), 1) for peer in peers},
        "rounds": {name: [round(rate, 1) for rate in found] for name, found in rates.items()},
        "our_cpu_ms_per_request": round(1000 * cpu, 3),
        "raw_client_requests_per_second": round(ceiling, 1),
    }


def weather(count: int) -> dict:
    """One run through bad weather, and one whose money ends before its questions."""
    conditions = {**WEATHER, **SLIPS, "capacity": CAPACITY, "burst": 0.25}
    with server(**conditions) as port, tempfile.TemporaryDirectory() as folder:
        job = {"port": port, "ledger": f"{folder}/ledger.db", "count": count, "timeout": 3.0}
        found = ours(**job, limit=100.0, at_once=AT_ONCE)
        again = ours(**job, limit=100.0, at_once=AT_ONCE)
        seen = read_stats(port)
    let_in = {int(second): number for second, number in seen["let_in"].items()}
    last = min(60, max(let_in))
    seconds = range(30, last)
    rate = {s: [r for start, r in CAPACITY if start <= s][-1] for s in seconds}
    used = sum(let_in.get(s, 0) for s in seconds) / max(1, sum(rate.values()))
    with server(latency=0.05) as port, tempfile.TemporaryDirectory() as folder:
        # The most that a question may cost is more than it does cost: the last one that is asked
        # is the last that could be paid for at its most.
        short = ours(
            port=port,
            ledger=f"{folder}/ledger.db",
            count=400,
            limit=200 * DOLLARS_PER_ANSWER,
            timeout=10.0,
            at_once=64,
        )
        short_paid = sum(read_stats(port)["paid"].values())
    return {
        "capacity_used_30_to_60_s": round(used, 3),
        "measured_seconds": len(seconds),
        "requests": count,
        "seconds": round(found["seconds"], 1),
        "answered": found["answered"],
        "repaired": found["repaired"],
        "reasons": found["reasons"],
        "asked_again_by_a_second_run": dict(again["statuses"]).get("fresh", 0),
        "answers_paid": sum(seen["paid"].values()),
        "answers_stored": found["stored"],
        "refused_by_the_limit": seen["limited"],
        "troubles": seen["troubles"],
        "budget": {
            "limit_dollars": 200 * DOLLARS_PER_ANSWER,
            "spent_dollars": short["spent_dollars"],
            "statuses": short["statuses"],
            "paid": short_paid,
        },
    }


def kills(times: int, seed: int) -> dict:
    """Runs that are killed at random moments, and one that ends."""
    rng = random.Random(seed)
    count = 400 * times
    with server(latency=0.1) as port, tempfile.TemporaryDirectory() as folder:
        job = {
            "port": port,
            "ledger": f"{folder}/ledger.db",
            "count": count,
            "limit": 100.0,
            "timeout": 60.0,
            "at_once": 64,
        }
        command = [sys.executable, __file__, "--ask", json.dumps(job)]
        for _ in range(times):
            before = read_stats(port, "asked")
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            while read_stats(port, "asked") == before and process.poll() is None:
                time.sleep(0.02)
            time.sleep(rng.uniform(0.0, 0.6))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        found, seen = ours(**job), read_stats(port)
    asked = seen["asked"].values()
    return {
        "kills": times,
        "questions": count,
        "answered": found["answered"],
        "asked_in_all": sum(asked),
        "asked_more_than_once": sum(n > 1 for n in asked),
        "asked_again_in_all": sum(asked) - len(asked),
        "in_flight_at_kills": found["in_flight_at_kills"],
        "never_asked": count - len(asked),
        "spent_dollars": found["spent_dollars"],
        "answers_dollars": found["answers_dollars"],
    }


def verdict(details: dict) -> list[str]:
    """What was promised and not kept, apart from speed."""
    broken: list[str] = []
    if "weather" in details:
        w = details["weather"]
        lost = w["requests"] - w["answered"]
        repaid = w["answers_paid"] - w["answers_stored"]
        broken += [f"{lost} rows lost"] if lost else []
        broken += [f"{repaid} answers paid twice"] if repaid else []
        broken += ["less than 90 % used"] if w["capacity_used_30_to_60_s"] < 0.9 else []
        over = w["budget"]["spent_dollars"] > w["budget"]["limit_dollars"] + 1e-9
        broken += ["the budget was passed"] if over else []
    if "kills" in details:
        k = details["kills"]
        more = k["asked_again_in_all"] > k["in_flight_at_kills"]
        broken += ["asked twice what was not in flight"] if more else []
        broken += ["questions never answered"] if k["answered"] != k["questions"] else []
    return broken


def main() -> None:
    """Prints the measurement, or our side of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ask", metavar="JOB")
    parser.add_argument("--only", choices=["speed", "weather", "kills"])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--weather-requests", type=int, default=9_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--peers", nargs="*", default=["distilabel", "curator"])
    given = parser.parse_args()
    if given.ask:
        print(json.dumps(ask(json.loads(given.ask))))
        return
    if hasattr(os, "sched_setaffinity"):  # 2 cores for everything that this starts
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    if given.peers and given.only in (None, "speed") and not PEERS.is_dir():
        raise SystemExit(f"expected the peers in {PEERS}; see the head of this file")
    details: dict = {}
    if given.only in (None, "speed"):
        details["speed"] = speed(given.requests, given.rounds, given.peers)
    if given.only in (None, "weather"):
        details["weather"] = weather(given.weather_requests)
    if given.only in (None, "kills"):
        details["kills"] = kills(given.kills, seed=4)
    details["broken_promises"] = verdict(details)
    peers = details.get("speed", {}).get("peers", {})
    ratio = details["speed"]["requests_per_second"] / max(peers.values()) if peers else None
    result = {
        "name": "generation",
        "value": None if ratio is None else round(ratio, 2),
        "unit": "times the requests/s of the faster peer",
        "higher_is_better": True,
        "peers": peers,
        "details": details,
    }
    print(json.dumps(result))
    if details["broken_promises"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
