"""Sentences on why a configuration is tried."""

from forgemind_assets.brain.search.space import Space, Value, Values

SENTENCES = {
    "belief": "What recipes suggest: {turned}.",
    "earlier": "What led in {earlier}: {turned}.",
    "model": "What {trials} past trials suggest: {turned}.",
    "neighbour": "A step from {best}: {turned}.",
    "far": "Far from all that was tried: {turned}.",
    "advisor": "{advisor} suggests: {turned}{words}.",
}

MOST = 3
"""Dials that a sentence names: those turned farthest."""


def turned(space: Space, centre: Values, values: Values) -> str:
    """The dials that stand elsewhere than in `centre`, the farthest first."""
    gaps = {d.name: abs(d.place(values[d.name]) - d.place(centre[d.name])) for d in space.dials}
    ranked = sorted((name for name, gap in gaps.items() if gap > 0.01), key=lambda n: -gaps[n])
    told = [f"{name} {said(values[name])} for {said(centre[name])}" for name in ranked[:MOST]]
    return ", ".join(told) or "the goal's own settings"


def said(value: Value) -> str:
    """A value as people write it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.2g}" if value < 100 else f"{value:.0f}"
