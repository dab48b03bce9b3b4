#!/usr/bin/env python3
"""Checks of what no compiler looks at: scripts parse, links between documents lead somewhere, documents name files and tests that exist."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

REPOSITORY = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
# `a_name_like_this`: four words or more, as tests are named.
TEST = re.compile(r"`([a-z0-9]+(?:_[a-z0-9]+){3,})`")
PATH = re.compile(r"`((?:crates|scripts|docs|bench|\.ci)/[\w./-]*[\w/])`")


def main():
    faults = [*scripts(), *documents()]
    for fault in faults:
        print(f"check.py: {fault}", file=sys.stderr)
    sys.exit(1 if faults else 0)


def scripts():
    for path in sorted(REPOSITORY.glob("scripts/**/*.py")):
        try:
            compile(path.read_text(), path, "exec")
        except SyntaxError as error:
            yield f"{shown(path)}: {error}"
    for path in [*sorted(REPOSITORY.glob("scripts/*.sh")), REPOSITORY / ".ci/run"]:
        parsed = subprocess.run(["bash", "-n", path], capture_output=True, text=True, check=False)
        if parsed.returncode != 0:
            yield f"{shown(path)}: {parsed.stderr.strip()}"


def documents():
    names = long_names()
    for path in [*sorted(REPOSITORY.glob("*.md")), *sorted(REPOSITORY.glob("docs/**/*.md"))]:
        text = path.read_text()
        yield from links(path, FENCE.sub("", text))
        for name in TEST.findall(text):
            if name not in names:
                yield f"{shown(path)}: nothing in the crates is named `{name}`"
        for name in PATH.findall(text):
            if not (REPOSITORY / name).exists():
                yield f"{shown(path)}: there is no `{name}`"


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


def shown(path):
    path = path.resolve()
    return path.relative_to(REPOSITORY) if path.is_relative_to(REPOSITORY) else path


if __name__ == "__main__":
    main()
