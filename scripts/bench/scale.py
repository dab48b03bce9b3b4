"""How much is measured: everything, or just enough to see that the measuring works."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Rounds are short and interleaved, so that what disturbs the machine disturbs both sides of a ratio."""

    rounds: int = 5
    seconds: float = 3.0
    connections: int = 4
    quick: bool = False

    def of(self, full: int, quick: int) -> int:
        return quick if self.quick else full


FULL = Scale()
QUICK = Scale(rounds=1, seconds=1.0, quick=True)
