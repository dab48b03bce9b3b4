"""Whether two runs tell the same: each number of one against its namesake of an earlier report."""

import re
from collections import Counter
from typing import Iterable, Mapping, Sequence

from .report import Verdict, table
from .stats import Spread

NUMBER = r"-?[\d,]+(?:\.\d+)?"
MEASURED = re.compile(rf"({NUMBER})(?: \(({NUMBER}) to ({NUMBER})\))?$")


def spread(measured: str) -> Spread | None:
    """What `Spread.shown` showed; nothing where something else is told."""
    found = MEASURED.fullmatch(measured.strip())
    if not found:
        return None
    middle, low, high = (float(number.replace(",", "")) if number else None for number in found.groups())
    return Spread(middle, middle if low is None else low, middle if high is None else high)


def named(what: str) -> str:
    """A verdict's name without what it says of sizes and times on the way."""
    return re.sub(r" \([^()]*\)", "", what)


def numbered(names: Iterable[str]) -> list[tuple[str, int]]:
    """Names, and the how manieth of its name each is: several sections say "the same beside ..."."""
    met: Counter[str] = Counter()
    places = []
    for name in names:
        places.append((name, met[name]))
        met[name] += 1
    return places


def told(report: str) -> dict[tuple[str, int], Spread]:
    """The numbers of a report that have a spread, by their names. What was missed stands at its top too: only sections are read."""
    sections = report[max(report.find("\n## "), 0) :]
    rows = (line.strip().strip("|").split(" | ") for line in sections.splitlines() if line.startswith("| "))
    rows = [cells for cells in rows if len(cells) == 4]
    numbers = zip(numbered(named(cells[0].strip()) for cells in rows), (spread(cells[2]) for cells in rows), strict=True)
    return {what: number for what, number in numbers if number and number.low < number.high}


def compared(before: Mapping[tuple[str, int], Spread], verdicts: Sequence[Verdict]) -> str:
    """How many numbers have spreads that meet those of the run before, and which have not."""
    pairs = []
    for verdict, what in zip(verdicts, numbered(named(verdict.what) for verdict in verdicts), strict=True):
        number, earlier = spread(verdict.measured), before.get(what)
        if number and earlier and number.low < number.high:
            pairs.append((verdict, number, earlier))
    apart = [[verdict.what, earlier.shown("{:g}"), verdict.measured] for verdict, number, earlier in pairs if number.low > earlier.high or number.high < earlier.low]
    text = f"Against the run before, {len(pairs) - len(apart)} of {len(pairs)} numbers agree: the spreads of their rounds meet."
    return text + ("\n\n" + table(["what", "before", "now"], apart) if apart else "")
