"""Statistics of pass rates: intervals, paired comparison, the loop's error budget, planning.

Pure functions on counts. A rate or a gain is a share, 0 to 1 (a gain from -1); `alpha` is
one-sided throughout. Cases of one family are alike, so families count as the independent units:
a bound takes a design effect, a comparison takes the net gain of each family. It is longer than
other modules so that all that a claim rests on can be read in one place.
"""

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, variance

from forgemind_assets.trial_grounds.binomial import at_least, student_quantile

MAX_CASES = 20_000
POWER = 0.8
# For planning before anything is measured. Share of cases on which two adapters disagree: three
# adapters of the default goal on its dev suite had 0.22, 0.27 and 0.35, 0.28 on average.
DISCORDANT = 0.3
# How alike the differences of two adapters within a family are (intra-class correlation). The
# same three pairs had -0.17 to -0.08, since a family there holds vulnerable and safe code; other
# suites repeat one text in a family, so this errs on the side of more cases.
FAMILY_ICC = 0.1
ROUNDING = 1e-9
NORMAL = NormalDist()


# --- Intervals of one rate ---------------------------------------------------------------------


@dataclass(frozen=True)
class Interval:
    """Bounds of a rate or of a gain."""

    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the distance between the bounds."""
        return (self.high - self.low) / 2


def wilson_interval(passed: int, total: int, confidence: float = 0.95) -> Interval:
    """Two-sided Wilson score interval of `passed` out of `total`; (0, 1) without cases.

    Source: Wilson 1927; recommended for small n by Brown, Cai & DasGupta 2001 ("Interval
    Estimation for a Binomial Proportion"). Raises ValueError for counts that cannot be.
    """
    _check_counts(passed, total)
    return _wilson(passed / total, total, confidence) if total else Interval(0.0, 1.0)


def wilson_half_width(rate: float, total: int, confidence: float = 0.95) -> float:
    """Half width of the Wilson interval around an observed rate over `total` cases."""
    return _wilson(rate, total, confidence).half_width if total else 0.5


def clopper_pearson_lower(
    passed: int, total: int, confidence: float = 0.95, design_effect: float = 1.0
) -> float:
    """One-sided exact lower bound of a pass rate; 0 where nothing passed.

    It is the rate at which `passed` or more successes have probability 1 - `confidence`.
    Source: Clopper & Pearson 1934; with families, on the effective counts, passed and total over
    the design effect, as Korn & Graubard 1998 do for surveys ("Confidence Intervals for
    Proportions with Small Expected Number of Positive Counts Estimated from Survey Data").
    Raises ValueError for counts that cannot be.
    """
    _check_counts(passed, total)
    if passed == 0:
        return 0.0
    alpha, low, high = 1 - confidence, 0.0, 1.0
    effective = passed / design_effect, total / design_effect
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at_least(*effective, middle) <= alpha else (low, middle)
    return low


def clopper_pearson_interval(passed: int, total: int, confidence: float = 0.95) -> Interval:
    """Two-sided exact interval: each tail holds half of 1 - `confidence`."""
    one_sided = (1 + confidence) / 2
    low = clopper_pearson_lower(passed, total, one_sided)
    return Interval(low, 1 - clopper_pearson_lower(total - passed, total, one_sided))


def design_effect(families: Sequence[tuple[int, int]]) -> float:
    """How many times the variance of a pass rate exceeds that of independent cases; at least 1.

    `families` are (passed, cases) of each. A suite of one family counts as one case. Where all
    cases pass, or none, nothing is seen of how alike a family's are: then each family counts as
    one case (of unequal ones the larger count for more). It is an estimate, and too small where
    the few families that fail happen to be small ones: of 84 families of 4 cases on average, drawn
    by a geometric law, that pass or fail whole, 95 % of them pass, a lower bound at 95 % was too
    high in 13 % of 2,000 draws. Source: the ratio estimator's variance between clusters, Rao &
    Scott 1992 ("A Simple Method for the Analysis of Clustered Binary Data").
    """
    passed, total = sum(p for p, _ in families), sum(n for _, n in families)
    if len(families) < 2:
        return max(1.0, float(total))
    rate = passed / total
    if rate in (0, 1):
        return max(1.0, typical_family([n for _, n in families]))
    spread = sum((p - rate * n) ** 2 for p, n in families) * len(families) / (len(families) - 1)
    independent = total * rate * (1 - rate) * total / (total - 1)
    return max(1.0, spread / independent)


def passes_needed(
    total: int, rate: float, confidence: float, design_effect: float = 1.0
) -> int | None:
    """Fewest passes of `total` whose Clopper-Pearson lower bound is at least `rate`.

    None where even a full score does not reach it.
    """
    alpha, effective = 1 - confidence, total / design_effect
    if total < 1 or at_least(effective, effective, rate) > alpha:
        return None
    low, high = 0, total
    while high - low > 1:
        middle = (low + high) // 2
        enough = at_least(middle / design_effect, effective, rate) <= alpha
        low, high = (low, middle) if enough else (middle, high)
    return high


def cases_for_power(
    rate: float, true_rate: float, confidence: float, power: float = POWER
) -> int | None:
    """Smallest suite on which a model that truly passes `true_rate` proves `rate`.

    "Proves" is a Clopper-Pearson lower bound of at least `rate` at `confidence`, which the
    model reaches with probability `power`. The power is a saw-tooth in the number of cases;
    this is its first tooth that is high enough. None above 20 000 cases, or where
    `true_rate` is not above `rate`. Source: exact binomial power, Chernick & Liu 2002 ("The
    Saw-Toothed Behavior of Power Versus Sample Size"). With families, times the design effect.
    """
    if true_rate <= rate:
        return None
    alpha = 1 - confidence
    total = max(1, _normal_cases(rate, min(true_rate, 1.0), confidence, power) // 2)
    needed = passes_needed(total, rate, confidence) or total
    while total <= MAX_CASES:
        while needed <= total and at_least(needed, total, rate) > alpha:
            needed += 1
        if needed <= total and at_least(needed, total, true_rate) >= power:
            return total
        total += 1
    return None


# --- Two models on the same cases --------------------------------------------------------------


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided exact p value for two models on the same independent cases.

    Arguments are the discordant counts: cases that only the first, and only the second model
    passes. Source: McNemar 1947 in its exact binomial form. 1.0 where they never disagree.
    """
    return min(1.0, 2 * mcnemar_one_sided(*sorted((only_first, only_second), reverse=True)))


def mcnemar_one_sided(gained: int, lost: int) -> float:
    """Exact p value against "no better": as many gains or more among the discordant cases."""
    _check_counts(gained, gained + lost)
    return at_least(gained, gained + lost, 0.5)


def mcnemar_mid_p(only_first: int, only_second: int) -> float:
    """Two-sided mid-p value: of the observed table itself, only half the probability counts.

    Less conservative than the exact test, and not exact: it may err a little more often than
    alpha. For description, never for a promotion. Source: Fagerland, Lydersen & Laake 2013
    ("The McNemar test for binary matched-pairs data").
    """
    high, total = max(only_first, only_second), only_first + only_second
    return at_least(high, total, 0.5) + at_least(high + 1, total, 0.5)


@dataclass(frozen=True)
class Paired:
    """A candidate and a champion on the same cases, family by family.

    `net` is cases gained less cases lost in each family, `cases` how many it has.
    """

    net: tuple[int, ...]
    cases: tuple[int, ...]
    gained: int = 0
    lost: int = 0

    @property
    def total(self) -> int:
        """Cases that both were asked."""
        return sum(self.cases)

    @property
    def gain(self) -> float:
        """Difference of the pass rates, -1 to 1."""
        return sum(self.net) / self.total if self.total else 0.0

    @property
    def standard_error(self) -> float:
        """Of the gain, between families (ratio estimator); 1 where it cannot be known."""
        count = len(self.net)
        if count < 2:
            return 1.0
        gain = self.gain
        left = sum((d - gain * n) ** 2 for d, n in zip(self.net, self.cases, strict=True))
        return math.sqrt(left * count / (count - 1)) / self.total


def pair(
    champion: Mapping[str, bool], candidate: Mapping[str, bool], families: Mapping[str, str]
) -> Paired:
    """Pairs two results, case id -> passed, on the cases that both have."""
    net: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    gained = lost = 0
    for case in champion.keys() & candidate.keys():
        change = int(candidate[case]) - int(champion[case])
        gained, lost = gained + (change > 0), lost + (change < 0)
        net[families[case]] += change
        cases[families[case]] += 1
    names = sorted(cases)
    return Paired(tuple(net[n] for n in names), tuple(cases[n] for n in names), gained, lost)


def paired_p_value(net: Sequence[int]) -> float:
    """One-sided exact p value of the families' net gains against "no better".

    Under the null hypothesis the two models are exchangeable within a family, so each family's
    net gain has either sign equally often, independently of other families. With one case a
    family it is the exact one-sided McNemar test. Two models of equal rate that are not
    exchangeable, one of which gains single cases in many families and loses whole families
    elsewhere, are called different too often (`tests/bench/honesty.py` measures it). Source: the
    randomisation test of matched pairs, Fisher 1935 ("The Design of Experiments", section 21),
    with the family as the pair.
    """
    observed, tail = sum(net), 0.0
    for total, probability in _sign_distribution(net):
        if total < observed:
            break
        tail += probability
    return min(1.0, tail)


def needed_net(net: Sequence[int], alpha: float) -> int | None:
    """Smallest total net gain that `paired_p_value` calls better at `alpha`.

    None where the families that differ are too few or too unequal for any total to be.
    """
    needed, tail = None, 0.0
    for total, probability in _sign_distribution(net):
        tail += probability
        if tail > alpha or total <= 0:
            break
        needed = total
    return needed


def _sign_distribution(net: Sequence[int]) -> list[tuple[int, float]]:
    """(total, probability) of random signs before the net gains, largest total first."""
    shares = [1.0]
    for size, count in sorted(Counter(abs(d) for d in net if d).items()):
        wider = [0.0] * (len(shares) + size * count)
        for positive in range(count + 1):
            weight = math.comb(count, positive) / 2**count
            for index, share in enumerate(shares):
                wider[index + size * positive] += weight * share
        shares = wider
    most = len(shares) - 1
    return [(2 * index - most, shares[index]) for index in range(most, -1, -1) if shares[index]]


def bootstrap_interval(
    paired: Paired, confidence: float = 0.95, draws: int = 2000, seed: int = 0
) -> Interval:
    """Percentile interval of the gain; whole families are drawn again, with replacement.

    (-1, 1) with fewer than two families. Source: Efron & Tibshirani 1993 ("An Introduction to
    the Bootstrap", chapter 13); the family as the unit, Field & Welsh 2007 ("Bootstrapping
    clustered data").
    """
    if len(paired.net) < 2:
        return Interval(-1.0, 1.0)
    units, source = list(zip(paired.net, paired.cases, strict=True)), random.Random(seed)  # noqa: S311
    gains = []
    for _ in range(draws):
        drawn = source.choices(units, k=len(units))
        gains.append(sum(d for d, _ in drawn) / sum(n for _, n in drawn))
    gains.sort()
    cut = math.floor(draws * (1 - confidence) / 2)
    return Interval(gains[cut], gains[draws - 1 - cut])


@dataclass(frozen=True)
class SeedsGain:
    """Gain of a configuration over a champion, from several training seeds."""

    gain: float
    standard_error: float
    between_seeds: float
    interval: Interval


def over_seeds(seeds: Sequence[Paired], confidence: float = 0.95) -> SeedsGain:
    """Combines a configuration's seeds, each paired with the same champion on the same cases.

    The mean's variance has a part from the families, which every seed shares and no number of
    seeds makes smaller, and a part from the seeds; the two-way estimate is V(families) +
    V(seeds) - V(both). Source: Cameron, Gelbach & Miller 2011 ("Robust Inference With Multiway
    Clustering"), with Student's t on the smaller number of clusters less one. That seeds belong
    in the claim: Bouthillier et al. 2021 ("Accounting for Variance in Machine Learning
    Benchmarks"). Raises ValueError for one seed, one family, or seeds on other cases.
    """
    count, families = len(seeds), len(seeds[0].net) if seeds else 0
    if count < 2 or families < 2 or any(s.cases != seeds[0].cases for s in seeds):
        raise ValueError("expected at least two seeds on the same cases of at least two families")
    total, gains = seeds[0].total, [s.gain for s in seeds]
    gain = fmean(gains)
    left = [
        [(d - gain * n) / (total * count) for d, n in zip(s.net, s.cases, strict=True)]
        for s in seeds
    ]
    by_family = sum(sum(column) ** 2 for column in zip(*left, strict=True))
    by_family *= families / (families - 1)
    by_seed = variance(gains) / count
    both = sum(value**2 for row in left for value in row)
    error = math.sqrt(max(by_family, by_seed, by_family + by_seed - both))
    reach = error * student_quantile((1 + confidence) / 2, min(count, families) - 1)
    between = math.sqrt(variance(gains))
    return SeedsGain(gain, error, between, Interval(gain - reach, gain + reach))


# --- Two suites, and many slices ---------------------------------------------------------------


@dataclass(frozen=True)
class Counted:
    """A pass rate as counts, with the design effect of its families."""

    passed: int
    total: int
    design_effect: float = 1.0


def lower_rate_p_value(first: Counted, second: Counted) -> float:
    """One-sided exact p value against "the first suite is passed no less often than the second".

    Fisher's exact test on two disjoint sets of cases (Fisher 1935), on the effective counts of
    Rao & Scott 1992 ("A Simple Method for the Analysis of Clustered Binary Data"): passed and
    total over the design effect, rounded so that the two rates come nearer to each other. 1.0
    where either suite is empty. Raises ValueError for counts that cannot be.
    """
    for one in (first, second):
        _check_counts(one.passed, one.total)
    if not first.total or not second.total:
        return 1.0
    low_total = max(1, math.floor(first.total / first.design_effect))
    high_total = max(1, math.floor(second.total / second.design_effect))
    low = min(low_total, math.ceil(first.passed / first.total * low_total - ROUNDING))
    high = math.floor(second.passed / second.total * high_total + ROUNDING)
    passed, total = low + high, low_total + high_total
    ways = sum(
        math.comb(low_total, k) * math.comb(high_total, passed - k)
        for k in range(max(0, passed - high_total), low + 1)
    )
    return min(1.0, ways / math.comb(total, passed))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p values of several tests at once: those up to alpha are shown, jointly at alpha.

    Source: Holm 1979 ("A Simple Sequentially Rejective Multiple Test Procedure"). It holds
    whatever the dependence between the tests.
    """
    adjusted: dict[str, float] = {}
    largest = 0.0
    for done, name in enumerate(sorted(p_values, key=lambda n: (p_values[n], n))):
        largest = max(largest, min(1.0, p_values[name] * (len(p_values) - done)))
        adjusted[name] = largest
    return adjusted


# --- The error budget of a loop ----------------------------------------------------------------


def next_level(alpha: float, spent: float, looks_left: int) -> float:
    """The level of the next comparison of a candidate with the champion on the gate.

    What is left of `alpha` is shared among the looks that the limit still allows, this one
    included, and one more that is kept back, so that a loop whose limit a person raises has
    something to go on with. A look that does not replace the champion spends its level; one that
    does spends nothing (`fallback`), and neither does an iteration without a finished trial.
    With a fixed limit of H iterations every level is at least alpha / (H + 1).

    Why the probability of any false promotion in the loop stays under `alpha`:

    - Many trials of an iteration cost one look: the one that looks is chosen on dev.
    - Nothing of the gate enters a plan (a test of the planner holds it to that), so the
      candidates are what they would be without a gate, and the same cases may be used again.
      As long as no better candidate has come there is one sequence of comparisons, fixed before
      the gate is opened, and the union bound over its levels holds whatever their dependence.
    - After a true promotion the gate has had a say in whom later candidates meet. That champion
      was lucky on the gate if anything, which makes it harder to beat by luck; the bound then
      rests on the luck of a candidate being independent of the champion's, or shared with it.
      A planner that aimed at the gate through what it learns from promotions could, once k truly
      better candidates were compared, reach at most 2^k alpha.

    Sources: alpha spending and the fallback that keeps the level of a rejected hypothesis, Wiens
    2003 ("A fixed sequence Bonferroni procedure") and Tian & Ramdas 2021 ("Online control of the
    familywise error rate"); the count of transcripts that a reused holdout can leak, Blum &
    Hardt 2015 ("The Ladder"). Raises ValueError unless there is a look left.
    """
    if looks_left < 1:
        raise ValueError(f"expected at least one look, found {looks_left}")
    return max(0.0, alpha - spent) / (looks_left + 1)


def loop_confidence(confidence: float, looks: int) -> float:
    """The confidence of each of `looks` lower bounds that makes all hold at once at `confidence`.

    Bonferroni's inequality: whichever candidates the loop brings to the gate, they are at most
    `looks`, and each is judged by its own bound.
    """
    return 1 - (1 - confidence) / max(1, looks)


# --- The winner's bias -------------------------------------------------------------------------


def gain_after_selection(gain: float, standard_error: float, needed: float) -> float:
    """The gain to expect after having seen `gain`, given that only `needed` or more is shown.

    The mean of the likelihood of a normal gain that is cut off below `needed`, over gains from 0;
    never above what was seen. Source: the second estimator of Ghosh, Zou & Wright 2008
    ("Estimating Odds Ratios in Genome Scans: An Approximate Conditional Likelihood Approach").
    Its error is smaller than that of the gain as seen, unless the suite finds such a gain almost
    always. Raises ValueError for a gain that would not have been shown.
    """
    if gain < needed:
        raise ValueError(f"expected a gain of at least {needed}, found {gain}")
    if standard_error <= 0:
        return gain
    step = (gain + 6 * standard_error) / 400
    weighted = weights = 0.0
    for index in range(401):
        true = step * index
        # `NormalDist.cdf` is 0 below -8 standard deviations, where the complement is not yet.
        shown = max(math.erfc((needed - true) / standard_error / math.sqrt(2)) / 2, 1e-300)
        weight = math.exp(-(((gain - true) / standard_error) ** 2) / 2) / shown
        weighted, weights = weighted + weight * true, weights + weight
    return min(gain, weighted / weights)


def best_after_selection(rates: Sequence[float], standard_error: float) -> float:
    """The rate to expect of the best of several, which was picked for being the best.

    Each rate is drawn towards the mean of all by the share of their spread that chance explains
    (normal empirical Bayes with the variance by moments). Source: Efron & Morris 1975 ("Data
    Analysis Using Stein's Estimator and its Generalizations"). Raises ValueError without rates.
    """
    best = max(rates)
    if len(rates) < 2:
        return best
    spread, mean = variance(rates), fmean(rates)
    chance = min(1.0, standard_error**2 / spread) if spread else 1.0
    return mean + (1 - chance) * (best - mean)


# --- How many cases a claim needs --------------------------------------------------------------


def typical_family(sizes: Sequence[int]) -> float:
    """Cases in the family of an average case; the larger families count for more."""
    return sum(n * n for n in sizes) / sum(sizes) if sizes else 1.0


def family_design_effect(family_size: float, icc: float = FAMILY_ICC) -> float:
    """Design effect to plan with: 1 + (cases in a family - 1) times how alike they are.

    Source: Kish 1965 ("Survey Sampling"); `family_size` is that of `typical_family`.
    """
    return 1 + max(0.0, family_size - 1) * icc


def paired_cases_for_power(
    difference: float,
    *,
    alpha: float,
    discordant: float = DISCORDANT,
    power: float = POWER,
    family_size: float = 1.0,
) -> int:
    """Cases on which a true gain of `difference` is called better with probability `power`.

    `discordant` is the share of cases on which the two models disagree. Source: Connor 1987
    ("Sample size for testing differences in proportions for the paired-sample design"), with
    families as clusters, and one case more in the total, since the totals that signs can have lie
    two apart and the exact test waits for the next. Raises ValueError unless 0 < difference <=
    discordant <= 1.
    """
    if not 0 < difference <= discordant <= 1:
        raise ValueError(
            f"expected 0 < difference <= discordant <= 1, found {difference} and {discordant}"
        )
    true_variance = family_design_effect(family_size) * (discordant - difference**2)
    null_variance = true_variance + family_size * difference**2
    reach = NORMAL.inv_cdf(1 - alpha) * math.sqrt(null_variance)
    reach += NORMAL.inv_cdf(power) * math.sqrt(true_variance)
    return math.ceil(((reach + math.sqrt(reach**2 + 4 * difference)) / (2 * difference)) ** 2)


def detectable_gain(
    cases: int,
    *,
    alpha: float,
    discordant: float = DISCORDANT,
    power: float = POWER,
    family_size: float = 1.0,
) -> float:
    """Smallest true gain that `cases` find with probability `power`; 1 where not even that is."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        needed = paired_cases_for_power(
            middle,
            alpha=alpha,
            discordant=max(discordant, middle),
            power=power,
            family_size=family_size,
        )
        low, high = (low, middle) if needed <= cases else (middle, high)
    return high


def _wilson(rate: float, total: int, confidence: float) -> Interval:
    z = NORMAL.inv_cdf((1 + confidence) / 2)
    shrink = 1 + z**2 / total
    centre = (rate + z**2 / (2 * total)) / shrink
    half = z / shrink * math.sqrt(rate * (1 - rate) / total + z**2 / (4 * total**2))
    # Rounded, 0 of 10 would have a lower bound of 1e-17, above its rate.
    return Interval(max(0.0, min(rate, centre - half)), min(1.0, max(rate, centre + half)))


def _normal_cases(rate: float, true_rate: float, confidence: float, power: float) -> int:
    """Cases by the normal approximation: where the exact search may begin."""
    spread = NORMAL.inv_cdf(confidence) * math.sqrt(rate * (1 - rate))
    spread += NORMAL.inv_cdf(power) * math.sqrt(true_rate * (1 - true_rate))
    return min(MAX_CASES, math.ceil((spread / (true_rate - rate)) ** 2))


def _check_counts(passed: int, total: int) -> None:
    if not 0 <= passed <= total:
        raise ValueError(f"expected 0 <= passed <= total, found {passed} of {total}")
