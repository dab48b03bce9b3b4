#!/usr/bin/env python3
"""Registers the applications of this folder with a Wardgraph server, in the organization of whoever signs in.

    EMAIL=.. PASSWORD=.. python3 examples/register.py

The single-page application finds what it has to know in single-page/settings.json; the others are told by their environment: what is printed
can be sourced by a shell. Secrets are shown once, here."""

import json
import os
import urllib.request
from pathlib import Path

SERVER = os.environ.get("WARDGRAPH_URL", "http://127.0.0.1:8080")
SETTINGS = Path(__file__).resolve().parent / "single-page/settings.json"
# On the machine that a browser runs on, any port will do (RFC 8252); to other hosts addresses are held to the letter.
PERSONAL = {"grant_types": ["authorization_code", "refresh_token"], "scopes": ["openid", "email", "nodes:read"]}
APPLICATIONS = {
    "SINGLE_PAGE": PERSONAL
    | {
        "client_name": "Graph on one page",
        "token_endpoint_auth_method": "none",
        "redirect_uris": ["http://localhost:3000/single-page/"],
        "post_logout_redirect_uris": ["http://localhost:3000/single-page/"],
    },
    "SERVER_SIDE": PERSONAL
    | {
        "client_name": "Graph behind a server",
        "redirect_uris": ["http://localhost:3001/back"],
        "post_logout_redirect_uris": ["http://localhost:3001/"],
    },
    "SERVICE": {"client_name": "Nightly count", "grant_types": ["client_credentials"], "role": "analyst", "scopes": ["nodes:read"]},
    "COMMAND_LINE": PERSONAL
    | {"client_name": "graph, the command", "token_endpoint_auth_method": "none", "redirect_uris": ["http://127.0.0.1/back"]},
    "DEVICE": PERSONAL
    | {
        "client_name": "graph, the command, without a browser",
        "token_endpoint_auth_method": "none",
        "grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
    },
}


def call(path, body, token=None):
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(SERVER + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


person = call("/api/v1/auth/login", {"email": os.environ["EMAIL"], "password": os.environ["PASSWORD"]})
print(f"export WARDGRAPH_URL={SERVER}")
for name, application in APPLICATIONS.items():
    made = call("/api/v1/clients", application, person["access_token"])
    print(f"export {name}_ID={made['client_id']}")
    if "client_secret" in made:
        print(f"export {name}_SECRET={made['client_secret']}")
    if name == "SINGLE_PAGE":
        SETTINGS.write_text(json.dumps({"issuer": SERVER, "client_id": made["client_id"]}))
