"""The judges of a goal: measured on examples first, then asked about rows if they are used."""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from forgemind_assets.foundry.judging.kappa import kappa_of
from forgemind_assets.foundry.judging.prompt import JudgeTemplate
from forgemind_assets.foundry.judging.standing import Example, Pair, Standing, measured, trust
from forgemind_assets.foundry.judging.votes import Vote, as_word, read_vote, same_word
from forgemind_assets.foundry.strategies.base import Ask, Inquiry, Progress
from forgemind_assets.foundry.strategies.taught import by_turns
from forgemind_assets.goal import Goal
from forgemind_assets.goal_judges import Judges
from forgemind_assets.records import Row, Seed

# Names the texts that judges are asked about: examples and rows have ids of their own.
Texts = Sequence[tuple[str, str, str]]  # id, text, slice


@dataclass(frozen=True)
class Judgement:
    """A judge's vote on a row, and whether it agrees with the row's label."""

    row_id: str
    judge: str
    vote: Vote
    agrees: bool


@dataclass
class Panel:
    """Asks the judges of one goal. What was answered once is not asked again by `ask`.

    Attributes:
        goal: its `judges` section is set.
        seeds: the hand-written examples.
        template: the prompt.
        ask: reaches the judges.
        verifier_label: the verifier's label of a seed, or None where it has no word.
        on_progress: called with (what, done, total).
    """

    goal: Goal
    seeds: Sequence[Seed]
    template: JudgeTemplate
    ask: Ask
    verifier_label: Callable[[Seed], str | None] = lambda seed: None
    on_progress: Progress = lambda what, done, total: None
    _standings: dict[str, Standing] | None = None
    _examples: dict[str, Example] = field(default_factory=dict)
    _votes: dict[str, dict[str, Vote]] = field(default_factory=lambda: defaultdict(dict))
    _families: dict[str, str] = field(default_factory=dict)
    judgements: list[Judgement] = field(default_factory=list)

    @property
    def settings(self) -> Judges:
        """The goal's `judges`."""
        assert self.goal.spec.judges is not None, "a panel is opened for a goal with judges"
        return self.goal.spec.judges

    @property
    def harmless(self) -> str:
        """The goal's first label."""
        return self.goal.spec.task.labels[0]

    @property
    def label_key(self) -> str:
        """The field of an answer that holds the label; the goal's compiler makes sure of it."""
        return str(self.goal.spec.task.grader_options["label_key"])

    def standings(self) -> Mapping[str, Standing]:
        """What is known of each judge. The first call asks them about the examples."""
        if self._standings is None:
            self._standings = {}
            chosen = self._chosen()
            for judge in self.settings.teachers:
                self._standings[judge] = self._measured(judge, chosen)
        return self._standings

    def known(self) -> tuple[Standing, ...]:
        """The judges as far as they were asked: none where nobody needed their word."""
        return tuple((self._standings or {}).values())

    def trusts_any(self) -> bool:
        """Whether a judge is good enough to outweigh that a verifier looked in vain."""
        return any(self.is_trusted(judge) for judge in self.standings())

    def is_trusted(self, judge: str) -> bool:
        """Whether this one is."""
        one, settings = self.standings()[judge], self.settings
        return one.used and trust(one, settings.by) > settings.confirm_above

    def judge(self, rows: Mapping[str, tuple[Row, str]]) -> dict[str, list[Judgement]]:
        """The votes of the judges in use, by row id; of no more rows than the goal allows.

        Args:
            rows: row id -> the row and its label.
        """
        # an id is a hash: the first in their order are a random choice, the same each time
        chosen = dict(sorted(rows.items())[: self.settings.max_rows])
        found: defaultdict[str, list[Judgement]] = defaultdict(list)
        for judge, standing in self.standings().items():
            mine = {k: v for k, v in chosen.items() if self.may_judge(judge, v[0].teacher)}
            if not standing.used or not mine:
                continue
            for one in self._judged(judge, mine):
                found[one.row_id].append(one)
                self.judgements.append(one)
        return dict(found)

    def may_judge(self, judge: str, author: str | None) -> bool:
        """Whether a row's author is another model than the judge, under whatever name."""
        models = {teacher.name: teacher.model for teacher in self.goal.spec.teachers}
        return author is not None and models.get(author, author) != models[judge]

    def pairs(self) -> tuple[Pair, ...]:
        """How far the judges agree with each other, on all that both have a word on."""
        by = self.settings.by
        found: list[Pair] = []
        for first, second in combinations(self.settings.teachers, 2):
            one, other = self._votes[first], self._votes[second]
            both = [name for name in one if name in other]
            words = [
                (
                    as_word(one[n].label, by, self.harmless),
                    as_word(other[n].label, by, self.harmless),
                )
                for n in both
            ]
            kappa = kappa_of(words, [self._families[name] for name in both])
            found.append(Pair(first=first, second=second, kappa=kappa))
        return tuple(found)

    def _chosen(self) -> list[Seed]:
        """The examples: from each slice as many as from the others, the same in all iterations."""
        slices: defaultdict[str, list[Seed]] = defaultdict(list)
        for seed in self.seeds:
            if self.label_key in seed.expected and not self.template.shows(seed.input):
                slices[seed.slice].append(seed)
        for name, seeds in slices.items():
            random.Random(f"judges/{name}").shuffle(seeds)  # noqa: S311 - reproducible, no secret
        return by_turns(slices, "judges")[: self.settings.examples]

    def _measured(self, judge: str, chosen: Sequence[Seed]) -> Standing:
        for seed in chosen:
            if seed.id not in self._examples:
                self._examples[seed.id] = Example(
                    id=seed.id,
                    family=seed.family,
                    label=str(seed.expected[self.label_key]),
                    verifier=self.verifier_label(seed),
                )
                self._families[f"example {seed.id}"] = seed.family
        asked = self._asked(
            judge,
            Standing(judge=judge),
            [(seed.id, seed.input, seed.slice) for seed in chosen],
        )
        votes, counted, failure = asked
        self._votes[judge] |= {f"example {name}": vote for name, vote in votes.items()}
        known = measured(
            judge,
            [self._examples[seed.id] for seed in chosen],
            votes,
            by=self.settings.by,
            harmless=self.harmless,
            judges=len(self.settings.teachers),
        )
        counts = counted.model_dump(include={"asked", "answered", "read", "dollars", "seconds"})
        said = {"used": False, "why": f"not used: {failure}"} if failure else {}
        return known.model_copy(update=counts | said)

    def _judged(self, judge: str, rows: Mapping[str, tuple[Row, str]]) -> list[Judgement]:
        standing = self.standings()[judge]
        texts = [(name, row.input, row.slice) for name, (row, _) in rows.items()]
        votes, counted, failure = self._asked(judge, standing, texts)
        self._votes[judge] |= {f"row {name}": vote for name, vote in votes.items()}
        self._families |= {f"row {name}": row.family for name, (row, _) in rows.items()}
        by = self.settings.by
        made = [
            Judgement(name, judge, vote, same_word(vote.label, rows[name][1], by, self.harmless))
            for name, vote in votes.items()
        ]
        agreed = sum(one.agrees for one in made)
        told = {"rows": len(made), "agreed": agreed}
        told |= {"why": f"{standing.why}; {failure}"} if failure else {}
        assert self._standings is not None
        self._standings[judge] = counted.model_copy(update=told)
        return made

    def _asked(
        self, judge: str, standing: Standing, texts: Texts
    ) -> tuple[dict[str, Vote], Standing, str]:
        """The votes by id, the standing with what they cost, and why there are none, if so.

        A judge that cannot be asked leaves rows as they would be without it, and says so; what it
        said until then counts.
        """
        labels, count = self.template.labels, len(texts)
        done = iter(range(1, count + 1))
        self.on_progress(f"judge {judge}", 0, count)
        inquiry = Inquiry(
            judge,
            [self.template.question(text, slice_name) for _, text, slice_name in texts],
            lambda text: read_vote(text, labels) is not None,
            lambda: self.on_progress(f"judge {judge}", next(done, count), count),
        )
        (heard,) = self.ask([inquiry])
        replies, trouble = heard.replies, str(heard.trouble) if heard.trouble else ""
        votes: dict[str, Vote] = {}
        for (name, _, _), reply in zip(texts, replies, strict=True):
            vote = None if reply.text is None else read_vote(reply.text, labels)
            if vote is not None:
                votes[name] = vote
        counted = {
            "asked": standing.asked + sum(reply.asked and bool(reply.key) for reply in replies),
            "answered": standing.answered + sum(reply.text is not None for reply in replies),
            "read": standing.read + len(votes),
            "dollars": standing.dollars + sum(reply.dollars for reply in replies),
            "seconds": standing.seconds + sum(reply.seconds for reply in replies),
        }
        return votes, standing.model_copy(update=counted), trouble
