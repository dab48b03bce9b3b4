#!/usr/bin/env python3
"""Checks of what no compiler looks at: scripts parse, links between documents lead somewhere, documents name files and tests that exist,
docs/asvs.md has every requirement, docs/oauth-security.md every section, docs/conformance.md every module, and docs/integration.md the
examples as they are."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import examples

REPOSITORY = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
# `a_name_like_this`: four words or more, as tests are named.
TEST = re.compile(r"`([a-z0-9]+(?:_[a-z0-9]+){3,})`")
ATTRIBUTED = re.compile(r"#\[(?:tokio::)?test\b[^\n]*\]\s+(?:#\[[^\n]*\]\s+)*(?:async )?fn (\w+)")
PATH = re.compile(r"`((?:crates|scripts|docs|bench|examples|\.ci)/[\w./-]*[\w/])`")

ASVS_PAGE = REPOSITORY / "docs/asvs.md"
# How many requirements of level 1 and 2 each section of these chapters of OWASP ASVS 5.0.0 has: they are its first ones.
ASVS = {
    "6": {1: 3, 2: 12, 3: 4, 4: 4, 5: 5, 6: 3, 8: 4},
    "7": {1: 3, 2: 4, 3: 2, 4: 5, 5: 2, 6: 2},
    "9": {1: 3, 2: 4},
}
OAUTH_PAGE = REPOSITORY / "docs/oauth-security.md"
# The sections of RFC 9700 that demand something of an authorization server, in order: each has a row at least.
OAUTH = ["2.1", "2.1.1", "2.1.2", "2.2", "2.2.1", "2.2.2", "2.3", "2.4", "2.5", "2.6"]
OAUTH += [f"4.{number}" for number in range(1, 18)]
DEMAND = re.compile(r"^\| ([\d.]+) \| [^|]+ \| (met|partly|not met|not applicable|later) \| (.*) \|$", re.MULTILINE)
CONFORMANCE_PAGE = REPOSITORY / "docs/conformance.md"
CONFORMANCE = REPOSITORY / "scripts/conformance.txt"
MODULE = re.compile(r"^\| `([\w-]+)` \| [^|]+ \| (met|partly|refused|not applicable|open) \| (.*)\|$", re.MULTILINE)
STATE = "(met|partly|not met|not applicable)"
REQUIREMENT = re.compile(rf"^\| ([\d.]+) \| [12] \| [^|]+ \| {STATE} \| [^|]+ \|(.*)\|$", re.MULTILINE)
SUMMARY = re.compile(rf"^- {STATE}: ([\d., \n]+)$", re.MULTILINE)


def main():
    faults = [*scripts(), *documents(), *asvs(), *oauth(), *conformance(), *examples.faults()]
    for fault in faults:
        print(f"check.py: {fault}", file=sys.stderr)
    sys.exit(1 if faults else 0)


def scripts():
    for path in [*sorted(REPOSITORY.glob("scripts/**/*.py")), *sorted(REPOSITORY.glob("examples/*/*.py")), *REPOSITORY.glob("examples/*.py")]:
        try:
            compile(path.read_text(), path, "exec")
        except SyntaxError as error:
            yield f"{shown(path)}: {error}"
    for path in [*sorted(REPOSITORY.glob("scripts/*.sh")), REPOSITORY / ".ci/run"]:
        parsed = subprocess.run(["bash", "-n", path], capture_output=True, text=True, check=False)
        if parsed.returncode != 0:
            yield f"{shown(path)}: {parsed.stderr.strip()}"


def documents():
    names, tests = long_names(), test_names()
    for path in [*sorted(REPOSITORY.glob("*.md")), *sorted(REPOSITORY.glob("docs/**/*.md"))]:
        text = path.read_text()
        yield from links(path, FENCE.sub("", text))
        for name in TEST.findall(text):
            if path in (ASVS_PAGE, OAUTH_PAGE, CONFORMANCE_PAGE) and name not in tests:
                yield f"{shown(path)}: no test is named `{name}`"
            elif name not in names:
                yield f"{shown(path)}: nothing in the crates is named `{name}`"
        for name in PATH.findall(text):
            if not (REPOSITORY / name).exists():
                yield f"{shown(path)}: there is no `{name}`"


def asvs():
    """docs/asvs.md has every requirement in order, says what holds it, and sums them up as they are."""
    path, text = ASVS_PAGE, ASVS_PAGE.read_text()
    rows = REQUIREMENT.findall(text)
    counts = [(f"{chapter}.{section}", count) for chapter, sections in ASVS.items() for section, count in sections.items()]
    numbers = [f"{section}.{number}" for section, count in counts for number in range(1, count + 1)]
    if numbers != [number for number, _, _ in rows]:
        yield f"{shown(path)}: not every requirement has a row, in order: {set(numbers) ^ {number for number, _, _ in rows}}"
    for number, state, held in rows:
        if state in ("met", "partly") and not held.strip():
            yield f"{shown(path)}: {number} is {state}, and nothing is said to hold it"
    summary = {number: state for state, numbers in SUMMARY.findall(text) for number in re.findall(r"[\d.]+", numbers)}
    for number, state, _ in rows:
        if summary.get(number) != state:
            yield f"{shown(path)}: {number} is {state} in its row and {summary.get(number)} in the summary"


def oauth():
    """docs/oauth-security.md has every section of RFC 9700 that demands something, in order, and says what holds it."""
    path, rows = OAUTH_PAGE, DEMAND.findall(OAUTH_PAGE.read_text())
    sections = list(dict.fromkeys(section for section, _, _ in rows))
    if sections != OAUTH:
        yield f"{shown(path)}: not every section has a row, in order: {set(sections) ^ set(OAUTH) or sections}"
    for section, state, held in rows:
        if state == "met" and not held.strip():
            yield f"{shown(path)}: {section} is met, and nothing is said to hold it"


def conformance():
    """docs/conformance.md has every module of the plans, in order and under its plan's heading, and names the test of each that is answered."""
    path = CONFORMANCE_PAGE
    listed = [line for line in CONFORMANCE.read_text().splitlines() if line.startswith("## ") or (line and not line.startswith("#"))]
    found = re.findall(r"^(?:(## .*)|\| `([\w-]+)` \|.*)$", path.read_text(), re.MULTILINE)
    found = [heading or module for heading, module in found if module or heading in listed]
    if listed != found:
        yield f"{shown(path)}: not every module has a row, in order: {set(listed) ^ set(found) or found}"
    rows = MODULE.findall(path.read_text())
    if len(rows) != sum(not line.startswith("## ") for line in found):
        yield f"{shown(path)}: a row says nothing of what is known: {set(found) - {module for module, _, _ in rows} - set(listed[:1])}"
    for module, state, held in rows:
        if (state in ("met", "partly", "refused")) != bool(TEST.search(held)):
            yield f"{shown(path)}: {module} is {state}, and the tests that are said to hold it are `{held.strip()}`"


def links(path, text):
    for target in LINK.findall(text):
        target, _, anchor = target.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        aim = path.parent / unquote(target) if target else path
        if not aim.exists():
            yield f"{shown(path)}: the link `{target}` leads nowhere"
        elif anchor and anchor not in anchors(aim):
            yield f"{shown(path)}: `{shown(aim)}` has no heading `#{anchor}`"


def anchors(path):
    """The anchors that a forge makes of headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def long_names():
    """Every name of four words or more in the crates: a document may name it."""
    names = set()
    for path in [*REPOSITORY.glob("crates/**/*.rs"), *REPOSITORY.glob("crates/**/*.sql")]:
        names.update(re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+){3,}\b", path.read_text()))
    return names


def test_names():
    """Every function in the crates that is a test."""
    return {name for path in REPOSITORY.glob("crates/**/*.rs") for name in ATTRIBUTED.findall(path.read_text())}


def shown(path):
    path = path.resolve()
    return path.relative_to(REPOSITORY) if path.is_relative_to(REPOSITORY) else path


if __name__ == "__main__":
    main()
