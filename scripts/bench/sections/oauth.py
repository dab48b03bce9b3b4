"""What tokens and questions about them cost, beside oidc-provider in memory, which signs with the same algorithms."""

import base64
import http.client
import json
from contextlib import ExitStack
from urllib.parse import quote_plus, urlencode, urlsplit

from ..load import Request, Sample, Target, run, wrk
from ..machine import SIGNATURES, BenchError
from ..peer import SECRET, Peer
from ..report import Section, at_least, reported
from ..scale import Scale
from ..server import Client, Server
from ..stats import Spread, paired
from .requests import costs

TITLE = "OAuth"
CONNECTIONS = 16
ALGORITHMS = {"ES256": "es256", "EdDSA": "ed25519", "RS256": "rs256"}
"""As we call them, and the peer's resources whose tokens it signs with them."""
SCOPE = "nodes:read"


def measure(scale: Scale) -> Section:
    if not SIGNATURES.exists():
        raise BenchError("the example `signatures` is missing: run `cargo build --release -p wardgraph-tokens --example signatures`")
    with ExitStack() as stack:
        server = stack.enter_context(Server(WARDGRAPH_TOKENS__ALGORITHMS=",".join(ALGORITHMS)))
        peer = stack.enter_context(Peer())
        return told(server, peer, scale)


def told(server: Server, peer: Peer, scale: Scale) -> Section:
    ours = {alg: granting("/oauth2/token", client(server, alg)) for alg in ALGORITHMS}
    theirs = {alg: granting("/token", ("bench", SECRET), f"urn:{resource}") for alg, resource in ALGORITHMS.items()}
    asked = asking("/oauth2/introspect", ours["ES256"], server)
    asked_there = asking("/token/introspection", granting("/token", ("bench", SECRET), "urn:opaque"), peer)
    turns: dict[str, tuple[Target, Request]] = {}
    for alg in ALGORITHMS:
        turns[f"token, {alg}"] = server, ours[alg]
        turns[f"oidc-provider: token, {alg}"] = peer, theirs[alg]
    turns["introspection, a JSON Web Token"] = server, asked
    turns["oidc-provider: introspection, an opaque token"] = peer, asked_there
    samples: dict[str, list[Sample]] = {name: [] for name in turns}
    for target, request in turns.values():
        wrk(target, [request], 1, CONNECTIONS)
    for _ in range(scale.rounds):
        for name, (target, request) in turns.items():
            samples[name].append(wrk(target, [request], scale.seconds, CONNECTIONS))
    signatures = json.loads(run([SIGNATURES, 1])[0])
    return judged(samples, signatures, scale)


def judged(samples: dict[str, list[Sample]], signatures: dict[str, float], scale: Scale) -> Section:
    section = Section(TITLE)
    section.text += [
        f"{scale.rounds} interleaved rounds of {scale.seconds:g} s, {CONNECTIONS} connections. oidc-provider runs on Node with its in-memory adapter: it writes "
        "nothing, and keeps its client's secret in plain text. Ours writes an event for each token before it answers. The peer refuses to be asked about "
        "its own JSON Web Tokens, so it is asked about an opaque one. Our RSA keys have 3072 bits, the peer's 2048.",
        costs(list(samples.items())),
    ]
    own = lambda name: [sample.server.total for sample in samples[name]]
    whole = lambda name: [sample.server.total + sample.postgres.total for sample in samples[name]]
    times = lambda ours, theirs: theirs / ours
    token, asked = ("token, ES256", "oidc-provider: token, ES256"), ("introspection, a JSON Web Token", "oidc-provider: introspection, an opaque token")
    for what, (ours, theirs) in (("tokens with ES256", token), ("introspections", asked)):
        section.verdicts += [
            at_least(f"{what} for a second of the server's CPU, to oidc-provider's", paired(own(ours), own(theirs), times), 5),
            at_least("the same with Postgres counted in", paired(whole(ours), whole(theirs), times), 2),
        ]
    for alg in ("EdDSA", "RS256"):
        ratio = paired(own(f"token, {alg}"), own(f"oidc-provider: token, {alg}"), times)
        section.verdicts.append(reported(f"tokens with {alg} for a second of the server's CPU, to oidc-provider's", ratio.shown()))
    for alg, microseconds in signatures.items():
        server = Spread.of(own(f"token, {alg}")).middle
        section.verdicts.append(reported(f"{alg}: the signature alone, us, and its part of a token's CPU", f"{microseconds:.0f}, {microseconds / server:.0%}"))
    return section


def client(server: Server, alg: str) -> tuple[str, str]:
    """A service account whose tokens are signed with `alg`: its id and secret."""
    owner = server.person(f"owner-{alg.lower()}@example.com")
    wanted = {
        "client_name": f"Bench {alg}", "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_basic",
        "scopes": [SCOPE], "role": "developer", "access_token_signed_response_alg": alg,
    }
    with Client(server) as connection:
        made = connection.call("POST", "/api/v1/clients", owner, wanted)
    return made["client_id"], made["client_secret"]


def granting(path: str, basic: tuple[str, str], resource: str = "") -> Request:
    """A request for a token by the client's own right."""
    form = {"grant_type": "client_credentials", "scope": SCOPE, **({"resource": resource} if resource else {})}
    return Request("POST", path, form=form, basic=basic)


def asking(path: str, grant: Request, target: Target) -> Request:
    """A question about a token that `grant` gets."""
    assert grant.form is not None and grant.basic is not None
    token = sent(target, grant.path, grant.form, grant.basic)["access_token"]
    request = Request("POST", path, form={"token": token}, basic=grant.basic)
    if sent(target, path, {"token": token}, grant.basic).get("active") is not True:
        raise BenchError(f"{target.url}{path} does not know a token that was got there")
    return request


def sent(target: Target, path: str, form: dict[str, str], basic: tuple[str, str]) -> dict:
    address = urlsplit(target.url)
    credentials = base64.b64encode(":".join(map(quote_plus, basic)).encode()).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {credentials}"}
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    try:
        connection.request("POST", path, urlencode(form), headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise BenchError(f"POST {target.url}{path} was answered {answer.status}: {text[:500].decode(errors='replace')}")
    return json.loads(text)
