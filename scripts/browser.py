#!/usr/bin/env python3
"""A person at a browser, for tests: Chromium without a screen, which goes through the pages of a server as people do.

    browser.py JOURNEY BASE_URL [FOLDER]

What only the test knows (a mailed link, the server's time) is asked on standard output, a line of JSON each, and answered on standard input.
Every page is judged by axe-core, light and dark; a script's error, a broken policy or a fault of accessibility ends the journey. With a
FOLDER, pictures of each page are kept there. Playwright comes from PyPI in pinned versions (scripts/browser.txt) into target/browser, at the
first run; the browser is Debian's (scripts/setup.sh), axe-core lies in .cache (scripts/fetch.py)."""

import json
import os
import sys
from pathlib import Path

from applications import APPLICATIONS
from journeys import JOURNEYS
from person import Person
from pinned import installed


def main():
    program = installed("browser", "python")
    if Path(sys.executable) != program:
        os.execv(program, [program, __file__, *sys.argv[1:]])
    journey, base, *folder = sys.argv[1:]
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        try:
            (JOURNEYS | APPLICATIONS)[journey](Person(browser, base, Path(folder[0]) if folder else None))
        finally:
            browser.close()
    print(json.dumps({"done": journey}), flush=True)


if __name__ == "__main__":
    main()
