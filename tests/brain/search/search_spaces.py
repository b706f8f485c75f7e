"""Spaces, histories and hypothesis strategies for the tests of the search."""

from hypothesis import strategies as st

from forgemind_assets.brain.search.beliefs import space_around
from forgemind_assets.brain.search.memory import PastTrial
from forgemind_assets.records import TrainSettings

SETTINGS = TrainSettings(
    learning_rate=4e-3,
    epochs=1,
    batch_size=8,
    contrast_batches=True,
    answer_weights={"fix": 10, "line": 0.3},
)
SPACE = space_around(SETTINGS)


def trial(name, score=None, share=1.0, goal="", **turned):
    return PastTrial(name=name, values=SPACE.centre | turned, score=score, share=share, goal=goal)


settings = st.builds(
    TrainSettings,
    learning_rate=st.floats(1e-6, 0.5),
    epochs=st.floats(0.1, 50),
    batch_size=st.integers(1, 256),
    rank=st.integers(1, 256),
    alpha=st.integers(1, 1024),
    warmup_ratio=st.floats(0, 0.9),
    contrast_batches=st.booleans(),
    answer_weights=st.dictionaries(
        st.sampled_from(["fix", "cwe", "line"]), st.floats(0.01, 900), max_size=3
    ),
    start_from=st.sampled_from(["base", "0003-b"]),
)


@st.composite
def histories(draw, space=SPACE, most=12):
    rates = st.floats(1e-4, 0.04)
    past = []
    for number in range(draw(st.integers(0, most))):
        score = draw(st.none() | st.floats(0, 1))
        share = draw(st.sampled_from([1.0, 1.0, 0.25, 0.5]))
        goal = draw(st.sampled_from(["", "", "another_goal"]))
        past.append(trial(f"{number:04d}-a", score, share, goal, learning_rate=draw(rates)))
    return past
