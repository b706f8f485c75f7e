from brain.search.search_spaces import SPACE, histories, trial
from hypothesis import given

from forgemind_assets.brain.search import memory


@given(histories(most=30))
def test_a_window_is_bounded_in_order_and_invents_nothing(past):
    kept = memory.window(past, limit=10)
    assert len(kept) == min(10, len(past))
    names = [t.name for t in kept]
    assert names == sorted(set(names))
    assert all(any(t is k for t in past) for k in kept)


def test_a_window_holds_the_best_the_newest_and_failures_of_long_ago():
    past = [trial("0000-a", 0.9), trial("0001-a", None)]
    past += [trial(f"{n:04d}-a", 0.1 + n / 1000) for n in range(2, 500)]
    names = {t.name for t in memory.window(past)}
    assert {"0000-a", "0001-a", "0499-a"} <= names
    assert len(names) == memory.WINDOW


def test_fifty_trials_that_finish_at_once_are_all_in_the_window():
    past = [trial(f"0007-{n}", n / 50) for n in range(50)]
    assert len(memory.window(past)) == 50


def test_the_best_is_a_finished_one_even_where_a_stopped_one_stood_higher():
    best = memory.best_of([trial("a", 0.9, share=0.25), trial("b", 0.4), trial("c", None)])
    assert best is not None
    assert best.name == "b"


def test_a_plateau_begins_after_patience_trials_without_a_gain_and_not_before():
    past = [trial("best", 0.5)] + [trial(f"{n}", 0.5) for n in range(memory.PATIENCE - 1)]
    assert not memory.on_plateau(past)
    assert memory.on_plateau([*past, trial("one more", 0.5)])
    assert not memory.on_plateau([*past, trial("better", 0.6)])


def test_failed_trials_count_towards_the_plateau():
    past = [trial("best", 0.5)] + [trial(f"{n}", None) for n in range(memory.PATIENCE)]
    assert memory.on_plateau(past)


def test_what_failed_or_came_to_less_than_half_of_the_best_is_an_idea_that_did_not_work():
    past = [trial("a", 0.6), trial("b", None), trial("c", 0.29), trial("d", 0.31)]
    assert [i.sentence for i in memory.ideas_that_failed(past)] == [
        "b, which failed",
        "c, which came to 29%",
    ]


def test_a_stopped_trial_is_judged_by_its_peers_at_the_same_share():
    alone = [trial("a", 0.9), trial("b", 0.2, share=0.25)]
    assert memory.ideas_that_failed(alone) == ()
    beaten = [*alone, trial("c", 0.5, share=0.25)]
    assert [i.sentence for i in memory.ideas_that_failed(beaten)] == ["b, which came to 20%"]


def test_the_goals_do_not_compare():
    past = [trial("a", 0.9, goal="easy"), trial("b", 0.2)]
    assert memory.ideas_that_failed(past) == ()


def test_an_idea_is_met_again_near_it_and_not_far_from_it():
    idea = memory.Idea(values=SPACE.centre, sentence="x failed")
    near = SPACE.centre | {"learning_rate": SPACE.centre["learning_rate"] * 1.05}
    away = SPACE.centre | {"learning_rate": SPACE.centre["learning_rate"] * 4}
    assert memory.nearest_idea(SPACE, near, [idea]) is idea
    assert memory.nearest_idea(SPACE, away, [idea]) is None
