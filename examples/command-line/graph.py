#!/usr/bin/env python3
"""A command line tool: a public client that listens on the own machine for as long as a sign-in takes (RFC 8252). PyPI: authlib, requests."""

import http.server
import os
import webbrowser

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

SERVER = os.environ["WARDGRAPH_URL"]


class Back(http.server.BaseHTTPRequestHandler):
    """Where the browser comes back to, once."""

    def do_GET(self):
        self.server.came = self.path
        self.send_response(200)
        self.send_header("content-type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"This window can be closed: the command goes on.\n")

    def log_message(self, *_):
        """The address that came holds a code: it is written nowhere."""


with http.server.HTTPServer(("127.0.0.1", 0), Back) as listener:
    here = f"http://127.0.0.1:{listener.server_port}"
    session = OAuth2Session(
        os.environ["COMMAND_LINE_ID"],
        token_endpoint_auth_method="none",
        redirect_uri=f"{here}/back",
        scope="openid email nodes:read",
        code_challenge_method="S256",
    )
    verifier = generate_token(64)
    address, state = session.create_authorization_url(f"{SERVER}/oauth2/authorize", code_verifier=verifier)
    print(f"To sign in, open\n\n    {address}\n", flush=True)
    webbrowser.open(address)
    listener.came = ""
    while not listener.came.startswith("/back?"):
        listener.handle_request()

# Whether `state` is the one that was sent is looked at before anything is made of the code.
session.fetch_token(f"{SERVER}/oauth2/token", authorization_response=here + listener.came, code_verifier=verifier, state=state)
person = session.get(f"{SERVER}/oauth2/userinfo", timeout=10).json()
nodes = session.get(f"{SERVER}/nodes", timeout=10).json()["nodes"]
print(f"{person['email']} sees {len(nodes)} nodes")
