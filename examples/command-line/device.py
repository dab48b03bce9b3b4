#!/usr/bin/env python3
"""The same tool where no browser can come back to it: over ssh, in a container, on a device (RFC 8628). It needs nothing but Python."""

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request

SERVER = os.environ["WARDGRAPH_URL"]
CLIENT = os.environ["DEVICE_ID"]
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def ask(path, form=None, token=None):
    """The answer, whatever it is: while nobody has decided, the token endpoint answers 400."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    body = urllib.parse.urlencode(form).encode() if form else None
    try:
        with urllib.request.urlopen(urllib.request.Request(SERVER + path, body, headers), timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        return json.load(refused)


asked = ask("/oauth2/device_authorization", {"client_id": CLIENT, "scope": "openid email nodes:read"})
print(f"To sign in, open on any device\n\n    {asked['verification_uri']}\n\nand enter the code {asked['user_code']}\n", flush=True)
wait, answer = asked["interval"], {"error": "authorization_pending"}
while answer.get("error") in ("authorization_pending", "slow_down"):
    # Whoever asks too often is told to wait longer from then on.
    wait += 5 if answer["error"] == "slow_down" else 0
    time.sleep(wait)
    answer = ask("/oauth2/token", {"client_id": CLIENT, "grant_type": GRANT, "device_code": asked["device_code"]})
if "error" in answer:
    raise SystemExit(f"That did not work: {answer.get('error_description', answer['error'])}")

person = ask("/oauth2/userinfo", token=answer["access_token"])
nodes = ask("/nodes", token=answer["access_token"])["nodes"]
print(f"{person['email']} sees {len(nodes)} nodes")
