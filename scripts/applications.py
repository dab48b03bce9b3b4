"""What people do at a browser that an application sent them to, from the first page to the last."""

import re
from urllib.parse import parse_qsl, urlsplit

from journeys import FIRST, register
from person import ask


def client(person):
    """An application that nobody here wrote: its person signs in, agrees, comes back, takes it back, and signs out."""
    email = "ada@example.com"
    register(person, email)
    begun, posted = ask(client=email), []

    def site(route):
        if route.request.method == "POST":
            posted.append(route.request.post_data)
        link = f'<a href="{person.base}{begun}">Sign in with Wardgraph</a>'
        page = f'<!doctype html><html lang="en"><title>Atlas</title><main><h1>Atlas</h1><p>{link}</p></main></html>'
        route.fulfill(status=200, content_type="text/html", body=page)

    person.page.context.route("https://app.example/**", site)
    person.page.goto("https://app.example/")
    person.follow("Sign in with Wardgraph")
    person.titled("Sign in")
    assert person.page.get_by_label("E-mail address").input_value() == email
    person.page.get_by_label("Password", exact=True).fill(FIRST)
    person.press("Sign in")
    person.titled("Allow access?")
    person.look("consent")
    person.press("Allow")
    back(person, "cb")

    person.page.goto("https://app.example/")
    person.follow("Sign in with Wardgraph")
    back(person, "cb")
    person.open(begun + "&prompt=login")
    person.titled("Sign in")
    person.reads("please sign in again")
    person.page.get_by_label("Password", exact=True).fill(FIRST)
    person.press("Sign in")
    tokens = back(person, "cb")
    person.open(begun + "&prompt=consent")
    person.titled("Allow access?")
    person.follow("Do not allow")
    person.page.wait_for_url("https://app.example/cb?*error=access_denied*")
    person.open(begun + "&response_mode=form_post")
    person.page.wait_for_url("https://app.example/cb")
    assert len(posted) == 1 and posted[0].startswith("code=wgo_"), posted

    person.open("/account/applications")
    person.reads("Graph Atlas")
    person.look("applications")
    person.press("Take back")
    person.reads("The application can do nothing for you any more.")
    person.look("no-applications")

    person.open("/oauth2/logout?client_id=wgc_test_0&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fout&state=x")
    person.titled("Sign out?")
    person.look("sign-out")
    person.follow("Stay signed in")
    person.titled("Your account")
    hint = tokens["id_token"]
    out = f"/oauth2/logout?id_token_hint={hint}&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fout&state=x"
    # In a tab of its own: where it leads to, nobody answers, and that would come between what follows.
    leaving = person.page.context.new_page()
    leaving.goto(person.base + "/account")
    with leaving.expect_request("https://app.example/out?state=x"):
        leaving.evaluate("to => { location.href = to }", person.base + out)
    leaving.close()
    person.open("/account")
    person.titled("Sign in")
    person.forgiven = True
    person.open("/oauth2/authorize?client_id=nobody")
    person.titled("That did not work")
    person.look("unknown-client")
    assert not person.complaints, person.complaints


def device(person):
    """A device without a browser: its person enters the code that it shows, looks at what it asks for, and decides."""
    email = "ada@example.com"
    register(person, email)
    shown = ask(device=email)
    person.open(f"/oauth2/device?user_code={shown['user_code']}")
    person.titled("Sign in")
    person.prove(email, FIRST)
    person.titled("Connect a device")
    person.reads("A link brought you here")
    field = person.page.get_by_label("Code")
    assert field.input_value() == shown["user_code"]
    person.look("device-code")
    person.forgiven = True
    field.fill("BBBB-BBBB")
    person.press("Continue")
    person.wrong("is no code of a device that waits")
    person.look("device-unknown")
    person.forgiven = False
    person.page.get_by_label("Code").fill(shown["user_code"].lower().replace("-", " "))
    person.press("Continue")
    person.titled("Let this device in?")
    person.reads(shown["user_code"])
    person.reads("Graph Player")
    person.look("device-question")
    assert ask(poll=shown) == "authorization_pending", "nothing is decided by looking"
    person.press("Allow this device")
    person.titled("The device is connected")
    person.look("device-connected")
    assert ask(wait=60) is None
    assert ask(poll=shown) == "Bearer"
    person.follow("Applications")
    person.reads("Graph Player")

    other = ask(device=email)
    person.open("/oauth2/device")
    person.page.get_by_label("Code").fill(other["user_code"])
    person.press("Continue")
    person.press("Do not allow")
    person.titled("The device was turned away")
    person.look("device-denied")
    assert ask(poll=other) == "access_denied"
    assert not person.complaints, person.complaints


def sent(person):
    """Somebody whom applications send here: they prove who they are and agree where they are asked, as often as they are sent."""
    page = '<!doctype html><html lang="en"><title>Atlas</title><main><h1>Atlas</h1></main></html>'
    person.page.context.route("https://app.example/**", lambda route: route.fulfill(status=200, content_type="text/html", body=page))
    given = ask(sent=True)
    while given:
        person.open(given["to"])
        through(person, given, "https://app.example/")
        given = ask(came=person.page.url)


def through(person, given, home):
    """Signs in and agrees, where either is asked, and comes back to where the application is at home."""
    if "/sign-in" in person.page.url:
        person.prove(given["email"], given["password"])
    allow = person.page.get_by_role("button", name="Allow", exact=True)
    for _ in range(1_200):
        if person.page.url.startswith(home):
            return
        if allow.is_visible():
            allow.click()
            break
        person.page.wait_for_timeout(50)
    person.page.wait_for_url(re.compile(rf"^{re.escape(home)}"))


def single_page(person):
    """The single-page application of the guide: its person signs in, sees what it sees, and signs out."""
    given = ask(given=True)
    person.page.goto(given["page"])
    person.reads("Nobody is signed in.")
    person.look("single-page")
    person.press("Sign in with Wardgraph")
    person.titled("Sign in")
    person.prove(given["email"], given["password"])
    person.titled("Allow access?")
    person.press("Allow")
    person.reads(f"{given['email']} sees 2 nodes.")
    assert "code=" not in person.page.url, person.page.url
    person.look("single-page-signed-in")
    person.press("Sign out")
    person.reads("Nobody is signed in.")
    person.press("Sign in with Wardgraph")
    person.titled("Sign in")
    through(person, given, given["page"])
    person.reads(f"{given['email']} sees 2 nodes.")
    person.page.goto(given["page"] + "?error=access_denied&state=x")
    person.reads("That did not work")


def back(person, place):
    """The browser came back to the application with a code, which gives tokens."""
    person.page.wait_for_url(f"https://app.example/{place}?*code=*")
    told = dict(parse_qsl(urlsplit(person.page.url).query))
    assert told["state"] == "a state&of=mine", told
    return ask(code=told["code"])


APPLICATIONS = {"client": client, "device": device, "single_page": single_page, "sent": sent}
