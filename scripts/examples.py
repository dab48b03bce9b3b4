#!/usr/bin/env python3
"""docs/integration.md shows the programs of examples/ as they are: below a comment that names a file stands its text. `make docs` writes it anew."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = REPOSITORY / "docs/integration.md"
SHOWN = re.compile(r"(<!-- (examples/[\w./-]+) -->\n```\w*\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)
# What is there and nobody reads: what pins the libraries, and what git passes over.
UNSHOWN = {"package.json", "package-lock.json", ".gitignore", "settings.json"}


def faults():
    """What the page shows otherwise than it is, or not at all."""
    text = PAGE.read_text()
    if text != written(text):
        yield f"{PAGE.relative_to(REPOSITORY)}: a program is not shown as it is: `make docs` writes it anew"
    named = {name for _, name, _, _ in SHOWN.findall(text)}
    for path in sorted((REPOSITORY / "examples").rglob("*")):
        name = str(path.relative_to(REPOSITORY))
        if path.is_file() and path.name not in UNSHOWN and "node_modules" not in path.parts and name not in named:
            yield f"{PAGE.relative_to(REPOSITORY)}: `{name}` is not shown"


def written(text):
    """The page with every program as it is."""
    return SHOWN.sub(lambda match: match[1] + (REPOSITORY / match[2]).read_text().rstrip("\n") + "\n" + match[4], text)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
