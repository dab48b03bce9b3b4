#!/usr/bin/env python3
"""Authlib (PyPI) as a client that proves who it is by a key, for tests: it signs somebody in, refreshes, and gets a token of its own.

    keyed_client.py ISSUER BASE

As clients.py; the public key is told on standard output first, and the client that it was registered for is read from standard input."""

import json
import os
import sys
import time
from pathlib import Path

from pinned import installed


def main():
    program = installed("clients", "python")
    if Path(sys.executable) != program:
        os.execv(program, [program, __file__, *sys.argv[1:]])
    issuer, base = sys.argv[1:]
    import requests
    from authlib.common.security import generate_token
    from authlib.integrations.requests_client import OAuth2Session
    from authlib.oauth2.rfc7523 import PrivateKeyJWT
    from joserfc.jwk import ECKey

    class There(requests.adapters.HTTPAdapter):
        def send(self, request, **options):
            request.url = request.url.replace(issuer, base)
            return super().send(request, **options)

    class Own(PrivateKeyJWT):
        """For the issuer, for a minute, and once: Authlib's own are for the token endpoint, for an hour, and repeat their `jti`."""

        alg = "ES256"

        def sign(self, auth, token_endpoint):
            self.claims = {"exp": int(time.time()) + 60}
            return super().sign(auth, issuer)

    key = ECKey.generate_key("P-256", {"kid": "own", "use": "sig", "alg": "ES256"})
    given = ask(jwks={"keys": [key.as_dict(private=False)]})
    session = OAuth2Session(
        given["client_id"],
        key,
        token_endpoint_auth_method="private_key_jwt",
        scope="openid email nodes:read",
        redirect_uri=given["redirect_uri"],
        code_challenge_method="S256",
    )
    session.mount(issuer, There())
    session.register_client_auth_method(Own())
    verifier = generate_token(48)
    token_endpoint = f"{issuer}/oauth2/token"
    url, state = session.create_authorization_url(f"{issuer}/oauth2/authorize", code_verifier=verifier)
    came_back = ask(browser=url)
    token = session.fetch_token(token_endpoint, authorization_response=came_back, code_verifier=verifier, state=state)
    told = session.get(f"{issuer}/oauth2/userinfo").json()
    after = session.refresh_token(token_endpoint, refresh_token=token["refresh_token"])
    assert after["access_token"] != token["access_token"]
    own = session.fetch_token(token_endpoint, grant_type="client_credentials", scope="nodes:read")
    assert own["scope"] == "nodes:read", own
    print(json.dumps({"done": told["sub"]}), flush=True)


def ask(**question):
    print(json.dumps(question), flush=True)
    return json.loads(sys.stdin.readline())


if __name__ == "__main__":
    main()
