"""Whether two runs tell the same: each number of one against its namesake of an earlier report."""

import re
from typing import Iterable, Mapping

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


def told(report: str) -> dict[str, Spread]:
    """The numbers of a report that have a spread, by their names. What was missed stands at its top and in its section: once is enough."""
    rows = (line.strip().strip("|").split(" | ") for line in report.splitlines() if line.startswith("| "))
    numbers = ((named(cells[0].strip()), spread(cells[2])) for cells in rows if len(cells) == 4)
    return {what: number for what, number in numbers if number and number.low < number.high}


def compared(before: Mapping[str, Spread], verdicts: Iterable[Verdict]) -> str:
    """How many numbers have spreads that meet those of the run before, and which have not."""
    pairs = []
    for verdict in verdicts:
        number, earlier = spread(verdict.measured), before.get(named(verdict.what))
        if number and earlier and number.low < number.high:
            pairs.append((verdict, number, earlier))
    apart = [[verdict.what, earlier.shown("{:g}"), verdict.measured] for verdict, number, earlier in pairs if number.low > earlier.high or number.high < earlier.low]
    text = f"Against the run before, {len(pairs) - len(apart)} of {len(pairs)} numbers agree: the spreads of their rounds meet."
    return text + ("\n\n" + table(["what", "before", "now"], apart) if apart else "")
