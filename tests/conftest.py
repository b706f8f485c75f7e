"""Settings of all tests."""

import signal

from hypothesis import settings

# A busy machine must not fail a test: no test is judged by the clock.
settings.register_profile("forgemind", deadline=None)
settings.load_profile("forgemind")

# A shell that starts tests in the background leaves SIGINT ignored. Dagster gives SIGTERM the same
# handler whenever a run ends in this process, and processes started from then on inherit that:
# they could not be told to end, and a `Pool` of them would be waited for until the time limit.
signal.signal(signal.SIGINT, signal.default_int_handler)
