"""A space to search: dials with their bounds, and what is believed of each."""

import math
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from forgemind_assets.records import Record

Value = float | bool
Values = dict[str, Value]
"""One configuration: a value for each dial, by its name."""


class Range(Record):
    """A dial that takes any number, or any whole number, between two ends.

    The belief is a normal distribution, of the value's logarithm where `log`.
    """

    kind: Literal["range"] = "range"
    name: str
    low: float
    high: float
    log: bool = False
    whole: bool = False
    centre: float
    spread: float = Field(gt=0, description="standard deviation; of the natural log where `log`")
    why: str = ""

    @model_validator(mode="after")
    def _ends_in_order(self) -> "Range":
        if not self.low <= self.centre <= self.high or self.low >= self.high:
            raise ValueError(
                f"{self.name}: expected low <= centre <= high and low < high, "
                f"found {self.low}, {self.centre}, {self.high}"
            )
        if self.log and self.low <= 0:
            raise ValueError(f"{self.name}: a log scale needs low > 0, found {self.low}")
        return self

    def place(self, value: Value) -> float:
        """Where a value lies between the ends, 0 to 1."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        return min(1.0, max(0.0, (self._scaled(float(value)) - low) / (high - low)))

    def value(self, place: float) -> Value:
        """The value at a place, 0 to 1."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        found = low + (high - low) * place
        found = math.exp(found) if self.log else found
        return min(self.high, max(self.low, round(found) if self.whole else found))

    @property
    def width(self) -> float:
        """The belief's standard deviation in places."""
        return self.spread / (self._scaled(self.high) - self._scaled(self.low))

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.log else value


class Choice(Record):
    """A dial with a few values, each believed in by its weight."""

    kind: Literal["choice"] = "choice"
    name: str
    values: tuple[Value, ...] = Field(min_length=2)
    weights: tuple[float, ...]
    why: str = ""

    @model_validator(mode="after")
    def _one_weight_each(self) -> "Choice":
        if len(self.weights) != len(self.values) or min(self.weights) <= 0:
            raise ValueError(
                f"{self.name}: expected a weight above 0 for each of {len(self.values)} values, "
                f"found {self.weights}"
            )
        return self

    @property
    def centre(self) -> Value:
        """The value most believed in, the first of equals."""
        return self.values[self.weights.index(max(self.weights))]

    @property
    def width(self) -> float:
        """The belief's standard deviation in places."""
        places = [at / (len(self.values) - 1) for at in range(len(self.values))]
        total = sum(self.weights)
        mean = sum(w * p for w, p in zip(self.weights, places, strict=True)) / total
        spread = sum(w * (p - mean) ** 2 for w, p in zip(self.weights, places, strict=True)) / total
        return math.sqrt(spread)

    def place(self, value: Value) -> float:
        """Where a value lies between the ends, 0 to 1; the nearest one's place."""
        near = min(range(len(self.values)), key=lambda i: abs(self.values[i] - value))
        return near / (len(self.values) - 1)


Dial = Annotated[Range | Choice, Field(discriminator="kind")]


class Space(Record):
    """The dials that a search may turn."""

    dials: tuple[Dial, ...] = Field(min_length=1)

    @property
    def centre(self) -> Values:
        """What is believed in most."""
        return {dial.name: dial.centre for dial in self.dials}

    def distance(self, one: Mapping[str, Value], other: Mapping[str, Value]) -> float:
        """How far two configurations are apart, in spreads of the belief: a root mean square.

        A dial counts for more the less its belief spreads: a learning rate twice as high is
        another idea, a rank twice as high hardly is.
        """
        gaps = [a - b for a, b in zip(self.at(one), self.at(other), strict=True)]
        return math.sqrt(sum(gap * gap for gap in gaps) / len(gaps))

    def at(self, values: Mapping[str, Value]) -> list[float]:
        """Where a configuration lies, one number a dial, in spreads of its belief."""
        return [dial.place(values[dial.name]) / dial.width for dial in self.dials]
