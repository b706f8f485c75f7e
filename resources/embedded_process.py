"""The process behind the embedded teacher: serves one GGUF model until it is idle."""

import argparse
import json
import os
import re
import secrets
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from filelock import FileLock

from forgemind_assets.forge.hardware import physical_cores
from resources.embedded_server import lock_file
from resources.machine import ProcessId

BEAT_SECONDS = 1.0
PROMPT_CACHE_MIB = 256


def main() -> None:
    """Forks the server, prints its process id and start time as JSON, and ends."""
    parser = argparse.ArgumentParser(description="Serves one GGUF model on loopback until idle.")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True, help="file for address and key")
    parser.add_argument("--idle-seconds", type=float, required=True)
    parser.add_argument("--slots", type=int, required=True, help="requests at the same time")
    parser.add_argument("--slot-tokens", type=int, required=True, help="context of each")
    options = parser.parse_args()
    if not options.model.is_file():
        sys.exit(f"expected GGUF weights at {options.model}, found none; pull the model again")
    born, told = os.pipe()
    if os.fork():
        os.close(told)
        with os.fdopen(born) as pipe:
            sys.stdout.write(pipe.read())
        sys.stdout.flush()
        os._exit(0)
    os.close(born)
    os.dup2(2, 1)  # lets go of the launcher's pipe
    this = ProcessId.of_this()
    with os.fdopen(told, "w") as pipe:
        json.dump({"pid": this.pid, "start_time": this.start_time}, pipe)
    serve(options, this)


def serve(options: argparse.Namespace, this: ProcessId) -> None:
    """Loads the model, publishes address and key, and waits until nobody asks any more."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    key = secrets.token_urlsafe(32)
    server = load(options.model, key, options.slots, options.slot_tokens)
    state: Path = options.state
    publish(
        state,
        {
            "url": server.listening_address,
            "api_key": key,
            "pid": this.pid,
            "start_time": this.start_time,
            "model": str(options.model),
        },
    )
    wait_until_idle(server, state, this.pid, options.idle_seconds, ended)
    # llama.cpp's own shutdown may wait for a request that never ends.
    os._exit(0)


def load(model: Path, key: str, slots: int, slot_tokens: int) -> Any:
    """llama.cpp's server on a free port of loopback, with continuous batching and prefix cache."""
    import xllamacpp

    params = xllamacpp.CommonParams()  # pyright: ignore[reportAttributeAccessIssue]
    params.model.path = str(model)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.cors_origins = ""
    params.ui = False
    params.offline = True
    params.endpoint_metrics = True
    params.n_parallel = slots
    params.n_ctx = slots * slot_tokens
    params.cache_prompt = True
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.cpuparams.n_threads = physical_cores()
    params.cpuparams_batch.n_threads = physical_cores()
    return xllamacpp.Server(params)  # pyright: ignore[reportAttributeAccessIssue]


def publish(state: Path, facts: dict[str, Any]) -> None:
    """Writes the state file, readable by this user alone, whole or not at all."""
    partial = state.with_name(f".{state.name}.{os.getpid()}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as target:
        json.dump(facts, target)
    partial.replace(state)


def wait_until_idle(
    server: Any, state: Path, pid: int, idle_seconds: float, ended: threading.Event
) -> None:
    """Returns when nothing was asked for `idle_seconds`, or the state file is no longer ours.

    A client that is given the address touches the state file under the lock, so that it cannot
    be given one that is about to vanish.
    """
    seen, since = activity(server), time.time()
    while not ended.wait(BEAT_SECONDS):
        counters, busy = activity(server)
        if busy or counters != seen[0]:
            seen, since = (counters, busy), time.time()
        if not _ours(state, pid):
            return
        if time.time() - max(since, state.stat().st_mtime) < idle_seconds:
            continue
        with FileLock(lock_file(state)):
            if not _ours(state, pid):
                return
            if time.time() - max(since, state.stat().st_mtime) >= idle_seconds:
                state.unlink()
                return
    if _ours(state, pid):
        state.unlink(missing_ok=True)


def activity(server: Any) -> tuple[tuple[str, ...], bool]:
    """(counters that any request moves, whether a request is in work or waits)."""
    metrics = server.handle_metrics()
    pairs = dict(re.findall(r"^llamacpp:(\w+) (\S+)$", metrics, re.MULTILINE))
    moved = tuple(pairs[n] for n in ("n_decode_total", "prompt_tokens_total") if n in pairs)
    busy = any(float(pairs.get(n, 0)) > 0 for n in ("requests_processing", "requests_deferred"))
    return moved, busy


def _ours(state: Path, pid: int) -> bool:
    try:
        return json.loads(state.read_text(encoding="utf-8"))["pid"] == pid
    except (FileNotFoundError, ValueError, KeyError):
        return False
