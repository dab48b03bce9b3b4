"""Numbers about numbers: medians with their spread, ranks, recall."""

import math
from dataclasses import dataclass
from statistics import median
from typing import Callable, Sequence


@dataclass(frozen=True)
class Spread:
    """The median of several rounds, and the lowest and highest of them."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values))

    def shown(self, form: str = "{:.2f}") -> str:
        middle, low, high = (form.format(value) for value in (self.middle, self.low, self.high))
        return middle if low == high else f"{middle} ({low} to {high})"


def paired(some: Sequence[float], others: Sequence[float], both: Callable[[float, float], float]) -> Spread:
    """What `both` makes of the two numbers of each round: only numbers of one round are compared."""
    return Spread.of([both(one, other) for one, other in zip(some, others, strict=True)])


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True)
class MannWhitney:
    """Whether one of two samples tends to be the larger."""

    u: float
    p: float
    """Two-sided, by the normal approximation with tie and continuity correction."""
    effect: float
    """Rank-biserial correlation, -1 to 1: how much more often a value of the first sample is above one of the second than below it."""


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> MannWhitney:
    """The U test of Mann and Whitney (1947); ties share their mean rank."""
    n, m = len(first), len(second)
    values = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    rank_sum = ties = 0.0
    start = 0
    while start < len(values):
        end = start
        while end < len(values) and values[end][0] == values[start][0]:
            end += 1
        of_first = sum(1 for _, sample in values[start:end] if sample == 0)
        rank_sum += of_first * (start + 1 + end) / 2
        ties += (end - start) ** 3 - (end - start)
        start = end
    u = rank_sum - n * (n + 1) / 2
    total = n + m
    deviation = math.sqrt(n * m / 12 * ((total + 1) - ties / (total * (total - 1))))
    distance = max(0.0, abs(u - n * m / 2) - 0.5)
    p = math.erfc(distance / deviation / math.sqrt(2)) if deviation else 1.0
    return MannWhitney(u, min(1.0, p), 2 * u / (n * m) - 1)


def recall(found: Sequence[str], wanted: Sequence[str]) -> float:
    """The share of what is wanted that was found."""
    return len(set(found) & set(wanted)) / len(wanted)


def reciprocal_rank(found: Sequence[str], wanted: str) -> float:
    return 1 / (found.index(wanted) + 1) if wanted in found else 0.0
