"""Measures, and says of each wanted number whether it is met. Writes bench/REPORT.md after a whole run.

    make bench                    all but the long sections, in under half an hour on two quiet cores
    make bench LONG=1             the long ones: a tenant that grows to 200,000 nodes, and the side channel; writes bench/LONG.md
    make bench ONLY=search        one section, or several: ONLY=search,growth; writes no report
    make bench AGAINST=REPORT.md  besides, says which numbers disagree with those of an earlier report
    make bench QUICK=1            a few minutes with small numbers, to see that the measuring works; judges nothing

Ends with 0 if every verdict is met, with 1 if one is missed, with 2 if something could not be measured.
"""

import argparse
import importlib
import os
import signal
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from .agreement import compared, told
from .machine import ROOT, BenchError, busy_share, check_tools
from .report import Section, verdicts_table, whole
from .scale import FULL, QUICK, Scale

SHORT = ("requests", "search", "tenants", "memory", "loading", "quality", "accounts", "oauth", "decisions")
LONG = ("growth", "sidechannel")
SECTIONS = SHORT + LONG


def main() -> int:
    arguments = parse()
    signal.signal(signal.SIGTERM, end)
    try:
        check_tools()
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    scale = QUICK if arguments.quick else FULL
    # Read before it is written over.
    before = told(arguments.against.read_text()) if arguments.against else None
    began = time.monotonic()
    sections = [measured(name, scale) for name in arguments.only or (LONG if arguments.long else SHORT)]
    verdicts = [verdict for section in sections for verdict in section.verdicts]
    summary = about(scale, time.monotonic() - began)
    if before is not None:
        summary += "\n\n" + compared(before, verdicts)
    text = whole(sections, summary)
    if not arguments.only and not arguments.quick:
        (ROOT / "bench" / ("LONG.md" if arguments.long else "REPORT.md")).write_text(text)
    print(text)
    print(verdicts_table(verdicts))
    if any(section.fault for section in sections):
        return 2
    missed = any(verdict.met is False for verdict in verdicts)
    return int(missed and not arguments.quick)


def end(*_: object) -> None:
    """Ends by exception, so that servers are stopped and folders removed; whoever asks twice waits for that too."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parser.add_argument("--only", type=chosen, default=[], help=f"comma-separated: {', '.join(SECTIONS)}")
    parser.add_argument("--long", action="store_true", help=f"the long sections: {', '.join(LONG)}")
    parser.add_argument("--against", type=Path, help="an earlier report, whose numbers are compared")
    parser.add_argument("--quick", action="store_true", help="small numbers, nothing judged")
    return parser.parse_args()


def chosen(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in SECTIONS:
            raise argparse.ArgumentTypeError(f"no section `{name}`: there are {', '.join(SECTIONS)}")
    return names


def measured(name: str, scale: Scale) -> Section:
    """A section that fails says so in its place, and the others go on."""
    module = importlib.import_module(f".sections.{name}", __package__)
    print(f"bench: {name}", file=sys.stderr, flush=True)
    began, others = time.monotonic(), busy_share()
    try:
        section = module.measure(scale)
    except (BenchError, OSError) as error:
        section = Section(module.TITLE, fault=str(error))
    section.others = others
    section.seconds = time.monotonic() - began
    print(f"bench: {name} took {section.seconds:.0f} s {section.fault}", file=sys.stderr, flush=True)
    return section


def about(scale: Scale, seconds: float) -> str:
    day = datetime.now(timezone.utc).date()
    kind = "A quick run, whose numbers mean little" if scale.quick else "One run of `make bench`"
    return (
        f"{kind} on {day}, {seconds / 60:.0f} minutes, on the {os.cpu_count()} cores that server, Postgres and load generator share. Each number is the "
        "median of its rounds, with the lowest and the highest behind it; a ratio is made within each round. Numbers of different runs are not "
        "comparable; ratios are. CPU is a process's own, user and system, in microseconds of one request. Limits are raised, the log is at `warn`."
    )


if __name__ == "__main__":
    sys.exit(main())
