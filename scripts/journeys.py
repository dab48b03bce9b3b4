"""What people do at a browser with their accounts, from the first page to the last."""

import base64
import hashlib
import hmac
import re
from pathlib import Path

from person import ask

FIRST = "correct horse battery staple"
SECOND = "marble-tunnel-ferry-quilt"
THIRD = "vowel-otter-sixteen-lamp"


def code(secret):
    """What an authenticator app shows at the server's time (RFC 6238)."""
    secret = secret.replace(" ", "")
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    tag = hmac.digest(key, (ask(now=True) // 30).to_bytes(8, "big"), hashlib.sha1)
    place = tag[-1] & 15
    return f"{(int.from_bytes(tag[place:place + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def authenticator(person, transport):
    """A security key, or what is built in, that its owner shows at once to be theirs."""
    browser = person.page.context.new_cdp_session(person.page)
    browser.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": transport, "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    made = browser.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, "automaticPresenceSimulation": True}})
    return browser, made["authenticatorId"]


def add_passkey(person, name, transport):
    browser, key = authenticator(person, transport)
    person.open("/account/security")
    person.follow("Add a passkey")
    person.page.get_by_label("Name").fill(name)
    person.look("new-passkey")
    person.press("Continue")
    person.reads("Your device or security key will ask you")
    person.look("make-passkey")
    person.press("Make the passkey")
    person.reads("The second factor was added.")
    person.reads(name)
    return browser, key


def factors(person):
    """Second factors: an authenticator app, two passkeys, a sign-in without a password, and a phone that is lost."""
    email = "ada@example.com"
    register(person, email)
    person.sign_in(email, FIRST)
    person.follow("Security")
    person.look("security-without-factors")
    person.follow("Add an authenticator app")
    person.page.get_by_label("Name").fill("phone")
    person.look("new-app")
    person.press("Continue")
    person.reads("Scan this code")
    person.look("app-secret")
    secret = person.page.locator("ol.steps code").inner_text()
    person.forgiven = True
    person.page.get_by_label("Code", exact=True).fill("000000")
    person.press("Add authenticator")
    person.wrong("The second factor is wrong")
    person.look("app-refused")
    person.forgiven = False
    person.complaints.clear()
    shown = code(secret)
    person.page.get_by_label("Code", exact=True).fill(f"{shown[:3]} {shown[3:]}")
    person.press("Add authenticator")
    person.titled("Recovery codes")
    person.look("recovery-codes")
    codes = person.page.locator("ol.codes code").all_inner_texts()
    assert len(codes) == 10, codes
    with person.page.expect_download() as download:
        person.follow("Save as a file")
    assert Path(download.value.path()).read_text().split() == codes
    person.follow("I have kept them")

    browser, key = add_passkey(person, "security key", "usb")
    browser.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": key})
    person.key, person.key_id = add_passkey(person, "laptop", "internal")
    person.look("security-with-factors")
    person.follow("Rename: phone")
    person.titled("Rename a second factor")
    person.look("rename-factor")
    person.page.get_by_label("Name").fill("old phone")
    person.press("Save name")
    person.reads("The second factor was renamed.")
    person.reads("old phone")

    person.press("Sign out")
    person.reads("You are signed out.")
    person.asked = 0
    person.look("sign-in-with-passkey")
    assert person.asked == 0, "nothing is asked of a device before somebody does something"
    person.press("Sign in with a passkey")
    person.titled("Your account")
    assert person.asked == 1

    offered(person)

    # Whoever types the password is not at the device that the browser offers.
    person.press("Sign out")
    person.present(False)
    person.sign_in(email, FIRST)
    person.titled("Show that it is you")
    person.look("second-factor")
    person.present(True)
    person.press("Use your passkey")
    person.titled("Your account")

    ask(wait=30)
    other = person.elsewhere()
    other.sign_in(email, FIRST)
    other.titled("Show that it is you")
    other.page.get_by_label("Code", exact=True).fill(code(secret))
    other.press("Sign in")
    other.titled("Your account")

    lost = person.elsewhere()
    lost.sign_in(email, FIRST)
    lost.titled("Show that it is you")
    lost.page.get_by_text("Lost your authenticator?").click()
    lost.look("lost")
    lost.page.get_by_label("Recovery code").fill(codes[3])
    lost.press("Use recovery code")
    lost.titled("Your account")
    lost.follow("Security")
    lost.reads("9 codes are left.")
    lost.press("Make new recovery codes")
    lost.titled("Recovery codes")
    lost.follow("I have kept them")
    for left in (2, 1, 0):
        lost.press("Remove")
        lost.reads("The second factor was removed.")
        assert lost.page.get_by_role("button", name=re.compile("^Remove:")).count() == left
    lost.press("Sign out")
    lost.sign_in(email, FIRST)
    lost.titled("Your account")

    # The mail of a factor says what to do if it was somebody else's.
    lost.open(ask(mail=email, page="not-me"))
    lost.titled("It was not me")
    lost.look("not-me")
    lost.press("It was not me")
    lost.titled("What you did not add is gone")
    lost.look("not-me-done")
    lost.follow("Set a new password")
    lost.titled("Forgot your password?")
    for one in (person, other, lost):
        assert not one.complaints, one.complaints


def offered(person):
    """The browser offers passkeys in the field of the address, once it is used, and still does after the page was left open for longer than an
    offer is good; what is chosen then signs in."""
    person.press("Sign out")
    person.reads("You are signed out.")
    # A page that stands for hours, in a second.
    person.page.evaluate("void (window.setTimeout = ((wait) => (act, ms) => wait(act, ms > 60_000 ? 300 : ms))(window.setTimeout))")
    person.present(False)
    person.asked = 0
    person.page.get_by_label("E-mail address").focus()
    for _ in range(60):
        person.page.wait_for_timeout(500)
        if person.asked >= 3:
            break
    assert person.asked >= 3, "asked anew before it is too old"
    # Nobody is there any more: nothing is asked for.
    person.page.get_by_label("Password", exact=True).focus()
    person.page.wait_for_timeout(1_000)
    before = person.asked
    person.page.wait_for_timeout(1_000)
    assert person.asked == before, "asked for nobody"
    ask(wait=601)
    person.present(True)
    person.page.get_by_label("E-mail address").focus()
    person.titled("Your account")


def register(person, email):
    person.open("/register")
    person.page.get_by_label("Name").fill("Ada Lovelace")
    person.page.get_by_label("E-mail address").fill(email)
    person.page.get_by_label("Password", exact=True).fill(FIRST)
    person.press("Create account")
    person.titled("Check your mail")


def confirm(person, email):
    person.open(ask(mail=email, page="verify-email"))
    person.titled("Confirm your e-mail address")
    person.page.get_by_label("Password", exact=True).fill(FIRST)


def account(person):
    """From registering to a new password by a mailed link: everything that needs no second factor."""
    email = "ada@example.com"
    person.open("/")
    person.titled("Sign in")
    person.look("sign-in")
    person.forgiven = True
    person.page.get_by_label("E-mail address").fill(email)
    person.page.get_by_label("Password", exact=True).fill("not the password")
    person.press("Sign in")
    person.wrong("The e-mail address or the password is wrong")
    person.look("sign-in-refused")
    person.follow("Create an account")
    person.look("register")
    person.press("Create account")
    person.wrong("Name must be filled in.")
    person.look("register-refused")
    person.forgiven = False
    person.complaints.clear()
    register(person, email)
    person.look("check-your-mail")
    confirm(person, email)
    person.look("confirm")
    person.press("Confirm my address")
    person.reads("Your e-mail address is confirmed.")
    person.sign_in(email, FIRST)
    person.titled("Your account")
    person.look("account")
    person.page.get_by_label("Name").fill("Ada King")
    person.press("Save name")
    person.reads("Your name was changed.")

    person.follow("API keys")
    person.reads("You have no API keys.")
    person.follow("Create an API key")
    person.look("new-key")
    person.page.get_by_label("Name").fill("nightly import")
    person.page.get_by_label("nodes:read").check()
    person.page.get_by_label("search:read").check()
    person.page.get_by_label("Allowed networks").fill("192.0.2.0/24")
    person.press("Create key")
    person.titled("Your new API key")
    assert person.page.get_by_label("The key").input_value().startswith("wg_")
    person.look("key-made")
    person.follow("I have copied it")
    person.reads("192.0.2.0/24")
    person.look("keys")
    person.follow("Replace key: nightly import")
    person.titled("Replace key")
    person.look("replace-key")
    person.page.get_by_label("The old key ends").select_option("week")
    person.press("Replace key")
    person.titled("Your new API key")
    person.follow("I have copied it")
    assert person.page.get_by_role("link", name="Replace key: nightly import").count() == 1, "the old key was replaced once"
    person.press("Revoke key")
    person.reads("The API key was revoked.")

    other = person.elsewhere()
    other.sign_in(email, FIRST)
    other.titled("Your account")
    person.follow("Sessions")
    person.reads("This session")
    person.look("sessions")
    person.press("End session")
    person.reads("The session was ended.")
    other.open("/account")
    other.titled("Sign in")
    other.sign_in(email, FIRST)
    other.titled("Your account")

    person.follow("Security")
    person.look("security")
    person.follow("Change password")
    person.look("change-password")
    person.page.get_by_label("Current password").fill(FIRST)
    person.page.get_by_label("New password").fill(SECOND)
    person.press("Change password")
    person.reads("Your password was changed.")
    other.open("/account")
    other.titled("Sign in")

    person.press("Sign out")
    person.reads("You are signed out.")
    person.page.go_back()
    person.titled("Sign in")
    assert "Your password was changed." not in person.page.content(), "nothing is kept"
    person.open("/sign-in")
    person.follow("Forgot your password?")
    person.look("forgot")
    person.page.get_by_label("E-mail address").fill(email)
    person.press("Send the link")
    person.titled("Check your mail")
    person.open(ask(mail=email, page="reset-password"))
    person.look("reset")
    person.page.get_by_label("New password").fill(THIRD)
    person.press("Set password")
    person.reads("Your new password is set.")
    person.sign_in(email, THIRD)
    person.titled("Your account")
    person.forgiven = True
    person.open("/account/nowhere?x")
    assert not person.complaints, person.complaints


def invitations(person):
    """A server that is set up, and its first administrator's organization, into which somebody new comes and somebody who has an account."""
    email = "root@example.com"
    person.open(ask(setup=True))
    person.titled("Set up this server")
    person.look("setup")
    person.page.get_by_label("Name").fill("Root")
    person.page.get_by_label("E-mail address").fill(email)
    person.page.get_by_label("Password", exact=True).fill(FIRST)
    person.press("Create administrator")
    person.reads("Your account administers this server.")
    person.sign_in(email, FIRST)
    person.titled("Your account")
    person.look("account-of-an-owner")
    person.follow("Invitations")
    person.reads("Nobody is invited.")
    person.look("no-invitations")
    for invited, role in (("joan@example.com", "developer"), ("ada@example.com", "analyst"), ("late@example.com", "analyst")):
        person.follow("Invite somebody")
        person.titled("Invite somebody")
        if invited.startswith("joan"):
            person.look("invite")
        person.page.get_by_label("E-mail address").fill(invited)
        person.page.get_by_label("Role").select_option(role)
        person.press("Send the invitation")
        person.reads("The invitation is on its way by e-mail.")
        person.reads(invited)
    person.page.get_by_role("button", name="Withdraw: late@example.com").click()
    person.reads("The invitation was withdrawn.")
    person.look("invitations")

    joan = person.elsewhere()
    joan.open(ask(mail="joan@example.com", page="invitation"))
    joan.titled("You are invited")
    joan.look("invited")
    joan.page.get_by_label("Name").fill("Joan Clarke")
    joan.page.get_by_label("Password", exact=True).fill(SECOND)
    joan.press("Create account and join")
    joan.reads("You are a member of the organization now.")
    joan.sign_in("joan@example.com", SECOND)
    joan.titled("Your account")
    joan.reads("Root's organization")
    assert joan.page.get_by_role("link", name="Invitations").count() == 0, "it is not hers to see"

    ada = person.elsewhere()
    register(ada, "ada@example.com")
    confirm(ada, "ada@example.com")
    ada.press("Confirm my address")
    ada.reads("Your e-mail address is confirmed.")
    ada.open(ask(mail="ada@example.com", page="invitation"))
    ada.titled("You are invited")
    ada.follow("Sign in and join")
    ada.titled("Sign in")
    ada.prove("ada@example.com", FIRST)
    ada.titled("You are invited")
    ada.reads("Root's organization")
    ada.look("join")
    ada.press("Join the organization")
    ada.reads("You are a member of the organization now.")
    ada.look("account-in-two-organizations")
    ada.follow("Work here: Root's organization")
    ada.titled("Sign in")
    ada.prove("ada@example.com", FIRST)
    ada.titled("Your account")
    ada.reads("analyst")
    for one in (person, joan, ada):
        assert not one.complaints, one.complaints


JOURNEYS = {"account": account, "factors": factors, "invitations": invitations}
