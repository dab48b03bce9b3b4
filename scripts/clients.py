#!/usr/bin/env python3
"""An application that uses Authlib (PyPI), for tests: it signs somebody in, is told who they are, refreshes, and gives its tokens back. Given a
logout_token, it judges that instead, as OpenID Connect Back-Channel Logout (section 2.6) has it, and tells whose session is over.

    clients.py ISSUER BASE CLIENT

What is asked of ISSUER is asked at BASE. CLIENT is JSON: client_id, client_secret (none for a public one), redirect_uri. Where a browser is sent is told
on standard output, a line of JSON; where it came back is read from standard input. Authlib comes in pinned versions (scripts/clients.txt) into target/clients, at the first run."""

import json
import os
import sys
from pathlib import Path

from pinned import installed


def main():
    program = installed("clients", "python")
    if Path(sys.executable) != program:
        os.execv(program, [program, __file__, *sys.argv[1:]])
    issuer, base, given = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    import requests
    from authlib.common.security import generate_token
    from authlib.integrations.requests_client import OAuth2Session
    from joserfc import jwt
    from joserfc.jwk import KeySet

    class There(requests.adapters.HTTPAdapter):
        def send(self, request, **options):
            request.url = request.url.replace(issuer, base)
            return super().send(request, **options)

    plain = requests.Session()
    plain.mount(issuer, There())
    metadata = plain.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
    assert metadata["issuer"] == issuer, metadata
    keys = KeySet.import_key_set(plain.get(metadata["jwks_uri"], timeout=10).json())
    if "logout_token" in given:
        print(json.dumps({"done": signed_out(given, issuer, keys)}), flush=True)
        return
    secret = given.get("client_secret")
    method = given.get("method", "client_secret_basic") if secret else "none"
    session = OAuth2Session(
        given["client_id"],
        secret,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        scope="openid email nodes:read",
        redirect_uri=given["redirect_uri"],
        code_challenge_method="S256",
    )
    session.mount(issuer, There())
    verifier, nonce = generate_token(48), generate_token(24)
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
    came_back = ask(browser=url)
    token = session.fetch_token(metadata["token_endpoint"], authorization_response=came_back, code_verifier=verifier, state=state)
    claims = jwt.decode(token["id_token"], keys, algorithms=["ES256", "EdDSA", "RS256"]).claims
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (issuer, given["client_id"], nonce), claims
    told = session.get(metadata["userinfo_endpoint"]).json()
    assert told["sub"] == claims["sub"] and "email" in told, told
    before = token["access_token"]
    after = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
    assert after["access_token"] != before
    revoked = session.revoke_token(metadata["revocation_endpoint"], token=after["refresh_token"], token_type_hint="refresh_token")
    assert revoked.status_code == 200, revoked.text
    print(json.dumps({"done": claims["sub"]}), flush=True)


def signed_out(given, issuer, keys):
    from joserfc import jwt

    token = jwt.decode(given["logout_token"], keys, algorithms=["ES256", "EdDSA", "RS256"])
    assert token.header["typ"] == "logout+jwt", token.header
    wanted = {"essential": True}
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer}, aud={"essential": True, "value": given["client_id"]}, iat=wanted, exp=wanted, jti=wanted, sub=wanted, sid=wanted
    )
    registry.validate(token.claims)
    assert token.claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}, token.claims
    assert "nonce" not in token.claims, token.claims
    return token.claims["sid"]


def ask(**question):
    print(json.dumps(question), flush=True)
    return json.loads(sys.stdin.readline())


if __name__ == "__main__":
    main()
