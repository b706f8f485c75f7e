"""Between the search's values and the trainer's settings."""

from forgemind_assets.brain.search.space import Space, Values
from forgemind_assets.records import TrainSettings

PLAIN = ("learning_rate", "epochs", "batch_size", "rank", "warmup_ratio", "contrast_batches")
"""Dials that are a setting as it stands."""

WHOLE = ("batch_size", "rank")


def settings_with(settings: TrainSettings, values: Values) -> TrainSettings:
    """The settings with these dials turned; what has no dial stays.

    The answer weight is that of the heaviest key; the other keys that count more than once keep
    their proportion to it.
    """
    update: dict[str, object] = {name: values[name] for name in PLAIN if name in values}
    update |= {name: round(values[name]) for name in WHOLE if name in values}
    rank = round(values.get("rank", settings.rank))
    if "alpha_ratio" in values:
        update["alpha"] = min(1024, max(1, round(values["alpha_ratio"] * rank)))
    if "answer_weight" in values:
        heaviest = max(settings.answer_weights.values(), default=1.0)
        factor = float(values["answer_weight"]) / heaviest
        update["answer_weights"] = {
            key: min(1000.0, max(1.0, weight * factor)) if weight > 1 else weight
            for key, weight in settings.answer_weights.items()
        }
    return TrainSettings.model_validate(settings.model_dump() | update)


def values_of(settings: TrainSettings, space: Space) -> Values:
    """Where each dial of the space stands in these settings."""
    known = every_value(settings)
    return {dial.name: known[dial.name] for dial in space.dials}


def every_value(settings: TrainSettings) -> Values:
    """Where each dial that a space may have stands in these settings."""
    known: Values = {name: getattr(settings, name) for name in PLAIN}
    known["alpha_ratio"] = settings.alpha / settings.rank
    known["answer_weight"] = max(settings.answer_weights.values(), default=1.0)
    return known
