"""Settings of all tests."""

import os
import signal

from hypothesis import settings

# A busy machine must not fail a test: no test is judged by the clock. Nor by luck: the examples of
# `make test` are the same each time, so that a red one was made red by the change before it;
# `make explore` looks for new ones, and what it finds becomes an `@example`.
settings.register_profile("forgemind", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("forgemind")

# A shell that starts tests in the background leaves SIGINT ignored. Dagster gives SIGTERM the same
# handler whenever a run ends in this process, and processes started from then on inherit that:
# they could not be told to end, and a `Pool` of them would be waited for until the time limit.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Each test process and what it starts computes with one thread: torch takes one for each core, and
# where two processes share two cores, threads that wait for each other cost several times the work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
