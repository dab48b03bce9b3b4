"""What one decision about permissions costs, beside Cedar and Casbin with the same rules."""

import json

from ..load import run
from ..machine import RACE, BenchError
from ..report import Section, at_most, reported, table
from ..scale import Scale
from ..stats import Spread

TITLE = "Decisions"
ENGINES = {"ours": "ours", "ours_crowned": "ours, a member with all 100 roles", "cedar": "cedar-policy", "casbin": "casbin", "clock": "the clock alone"}
MEDIAN_US, P99_US = 3, 10


def measure(scale: Scale) -> Section:
    if not RACE.exists():
        raise BenchError("the oracle's `race` is missing: run `cargo build --release --locked --manifest-path oracle/Cargo.toml --features race`")
    return judged([json.loads(run([RACE, scale.seconds])[0]) for _ in range(scale.rounds)])


def judged(rounds: list[dict]) -> Section:
    section = Section(TITLE)
    spread = lambda engine, what: Spread.of([each[engine][what] for each in rounds])
    loads = lambda engine: Spread.of([each[f"{engine}_loads_ms"] for each in rounds]).shown("{:.0f}")
    section.text += [
        f"{len(rounds)} rounds. An organization with 100 custom roles of 100 rules (patterns, names and denies) and 10,000 grants: 5,000 members with two roles "
        "each. Microseconds of one decision, each timed by itself, for a member and a name that change every time; ours looks up what the member's roles "
        "come to, and asks the token's scopes besides. All are warm and in memory, and the first 50 decisions are compared: they agree. "
        f"{rounds[0]['policies']:,} policies took Cedar {loads('cedar')} ms to load, and Casbin {loads('casbin')} ms.",
        table(
            ["engine", "median", "p99", "decisions"],
            [[name, spread(engine, "median").shown(), spread(engine, "p99").shown(), f"{spread(engine, 'count').middle:,.0f}"] for engine, name in ENGINES.items()],
        ),
    ]
    for engine in ("ours", "ours_crowned"):
        section.verdicts += [
            at_most(f"a decision, {ENGINES[engine]}, median, us", spread(engine, "median"), MEDIAN_US),
            at_most(f"a decision, {ENGINES[engine]}, p99, us", spread(engine, "p99"), P99_US),
        ]
    for engine in ("cedar", "casbin"):
        times = Spread.of([each[engine]["median"] / each["ours"]["median"] for each in rounds])
        section.verdicts.append(reported(f"{ENGINES[engine]}'s median, to ours", times.shown("{:,.0f}")))
    return section
