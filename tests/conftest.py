"""Settings of all tests."""

from hypothesis import settings

# A busy machine must not fail a test: no test is judged by the clock.
settings.register_profile("forgemind", deadline=None)
settings.load_profile("forgemind")
