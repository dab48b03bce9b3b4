#!/usr/bin/env python3
"""The same with a library, which gets the next token when one is over (PyPI: authlib, requests)."""

import os

from authlib.integrations.requests_client import OAuth2Session

SERVER = os.environ["WARDGRAPH_URL"]
session = OAuth2Session(
    os.environ["SERVICE_ID"],
    os.environ["SERVICE_SECRET"],
    token_endpoint=f"{SERVER}/oauth2/token",
    grant_type="client_credentials",
    scope="nodes:read",
)
session.fetch_token()
answer = session.get(f"{SERVER}/nodes", timeout=10)
answer.raise_for_status()
print(f"the service sees {len(answer.json()['nodes'])} nodes")
