"""What a section brings back, and how it reads."""

from dataclasses import dataclass, field
from typing import Sequence

from .stats import Spread


QUIET = 0.1


@dataclass(frozen=True)
class Verdict:
    """One number that is asked for. `met` is nothing where a number is reported and not judged."""

    what: str
    wanted: str
    measured: str
    met: bool | None

    @property
    def word(self) -> str:
        return {True: "met", False: "**missed**", None: "reported"}[self.met]


def at_most(what: str, measured: Spread, bound: float, form: str = "{:.2f}") -> Verdict:
    return Verdict(what, f"at most {form.format(bound)}", measured.shown(form), measured.middle <= bound)


def at_least(what: str, measured: Spread, bound: float, form: str = "{:.2f}") -> Verdict:
    return Verdict(what, f"at least {form.format(bound)}", measured.shown(form), measured.middle >= bound)


def reported(what: str, measured: str) -> Verdict:
    return Verdict(what, "", measured, None)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@dataclass
class Section:
    """One part of the report: text and tables, and the verdicts."""

    title: str
    text: list[str] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    seconds: float = 0.0
    others: float = 0.0
    """The share of the machine that others used when it began."""
    fault: str = ""

    def markdown(self) -> str:
        parts = [f"## {self.title}", *self.text]
        if self.fault:
            parts.append(f"**Not measured:** {self.fault}")
        if self.verdicts:
            parts.append(verdicts_table(self.verdicts))
        parts.append(f"Took {self.seconds:.0f} s; others used {self.others:.0%} of the machine when it began.")
        return "\n\n".join(parts)


def verdicts_table(verdicts: Sequence[Verdict]) -> str:
    return table(["what", "wanted", "measured", "verdict"], [[v.what, v.wanted, v.measured, v.word] for v in verdicts])


def whole(sections: Sequence[Section], about: str) -> str:
    """The report: what was asked for and missed first, then each section."""
    verdicts = [verdict for section in sections for verdict in section.verdicts]
    judged = [verdict for verdict in verdicts if verdict.met is not None]
    missed = [verdict for verdict in judged if not verdict.met]
    faults = [section for section in sections if section.fault]
    summary = f"{len(judged) - len(missed)} of {len(judged)} verdicts met."
    if faults:
        summary += f" Not measured: {', '.join(section.title for section in faults)}."
    if any(section.others > QUIET for section in sections):
        summary += " **The machine was not quiet**: see what others used at the end of each section."
    parts = ["# Benchmark", about, summary]
    if missed:
        parts += ["Missed:", verdicts_table(missed)]
    parts += [section.markdown() for section in sections]
    return "\n\n".join(parts) + "\n"
