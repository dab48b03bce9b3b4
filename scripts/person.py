"""Somebody at a browser without a screen, and what only the test knows. `browser.py` says what is judged."""

import json
import re
import sys

from pinned import SCRIPTS

AXE = SCRIPTS.parent / ".cache/axe/axe.min.js"
PHONE = {"width": 375, "height": 740}
DESK = {"width": 1200, "height": 850}


def ask(**question):
    """Something that only the test knows."""
    print(json.dumps(question), flush=True)
    return json.loads(sys.stdin.readline())


class Person:
    """Somebody at a window of their own."""

    def __init__(self, browser, base, folder=None):
        self.browser, self.base, self.folder, self.forgiven = browser, base, folder, False
        self.page = browser.new_context(viewport=DESK).new_page()
        self.page.set_default_timeout(60_000)
        self.complaints, self.asked = [], 0
        self.page.on("request", self.count)
        self.page.on("console", self.hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def count(self, request):
        """How often the server was asked what to ask of a device."""
        self.asked += request.url.endswith("/api/v1/auth/passkeys/begin")

    def hear(self, message):
        refused = message.text.startswith("Failed to load resource: the server responded with a status of 4")
        if message.type in ("error", "warning") and not (refused and self.forgiven):
            self.complaints.append(message.text)

    def present(self, is_there):
        """Whether the owner of the device is there to answer it."""
        self.key.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": self.key_id, "enabled": is_there})

    def elsewhere(self):
        """Another window, of another browser of the same person."""
        return Person(self.browser, self.base, self.folder)

    def open(self, path):
        self.page.goto(self.base + path)

    def press(self, name):
        self.page.get_by_role("button", name=re.compile(f"^{re.escape(name)}(:|$)")).first.click()

    def follow(self, name):
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def reads(self, text):
        self.page.get_by_text(text).first.wait_for()

    def titled(self, title):
        self.page.get_by_role("heading", level=1, name=title, exact=True).wait_for()

    def wrong(self, *texts):
        """What was filled in is refused: the page says so first, and has the focus there."""
        self.page.get_by_role("alert").wait_for()
        assert self.page.evaluate("document.activeElement.getAttribute('role')") == "alert", "the summary has the focus"
        for text in texts:
            self.reads(text)

    def sign_in(self, email, password):
        self.open("/sign-in")
        self.prove(email, password)

    def prove(self, email, password):
        """Who they are, on the page that asks for it."""
        self.page.get_by_label("E-mail address").fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.press("Sign in")

    def look(self, name):
        """Judges the page as everybody meets it."""
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            self.page.evaluate(AXE.read_text())
            found = self.page.evaluate(
                "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
                ".then(found => found.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join('; ')))"
            )
            assert not found, f"{name}, {scheme}: {found}"
            if self.folder:
                self.page.screenshot(path=self.folder / f"{name}-{scheme}.png", full_page=True)
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(PHONE)
        wide = self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, f"{name} is wider than a phone"
        if self.folder:
            self.page.screenshot(path=self.folder / f"{name}-phone.png", full_page=True)
        self.page.set_viewport_size(DESK)
        assert not self.complaints, f"{name}: {self.complaints}"
