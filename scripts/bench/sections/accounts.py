"""What signing in costs beside bare Argon2id, what it does to other requests, and what a credential costs that was met before."""

import json
import os
import threading
import time

from ..data import World, load, node_path
from ..load import Request, Sample, run, wrk
from ..machine import PASSWORDS, BenchError
from ..report import Section, at_least, at_most, reported
from ..scale import Scale
from ..server import PASSWORD, Client, Server, token
from ..stats import Spread, paired, quantile
from .requests import costs

TITLE = "Accounts"
NODES = 500
PEOPLE = 50
READS_A_SECOND = 100
P99_MS = 10.0
CHECK_US = 20


def measure(scale: Scale) -> Section:
    if not PASSWORDS.exists():
        raise BenchError("the example `passwords` is missing: run `cargo build --release -p wardgraph-identity --example passwords`")
    with Server() as server:
        load(server, World(server.dimensions).rows("bench", NODES))
        server.sql("vacuum analyze;")
        people = [register(server, f"person-{number}@example.com") for number in range(scale.of(PEOPLE, 4))]
        return told(server, people, scale)


def register(server: Server, email: str) -> Request:
    """A person who may sign in, as the request by which they do."""
    server.person(email)
    return Request("POST", "/api/v1/auth/login", "", {"email": email, "password": PASSWORD})


def told(server: Server, people: list[Request], scale: Scale) -> Section:
    path, bearer = node_path(NODES // 2), token("bench")
    checks = {"GET /health/live": Request("GET", "/health/live"), **whoami(server, people[0])}
    samples: dict[str, list[Sample]] = {name: [] for name in checks}
    alone, logins, beside = [], [], []
    quiet, busy = [], []
    for _ in range(scale.rounds):
        for name, request in checks.items():
            samples[name].append(wrk(server, [request], scale.seconds, scale.connections))
        alone.append(argon2(scale.seconds))
        logins.append(wrk(server, people, scale.seconds, 2 * scale.connections))
        quiet.append(paced(server, path, bearer, scale.seconds))
        with Pace(server, path, bearer) as pace:
            beside.append(wrk(server, people, scale.seconds, 2 * scale.connections))
        busy.append(pace.p99_ms())
    rate = lambda rounds: [sample.rate for sample in rounds]
    used = {name: [sample.server.total for sample in rounds] for name, rounds in samples.items()}
    section, ratio, over = Section(TITLE), lambda one, other: one / other, lambda one, other: one - other
    section.text += [
        f"{scale.rounds} interleaved rounds of {scale.seconds:g} s; {len(people)} people sign in over {2 * scale.connections} connections; Argon2id alone "
        f"verifies on as many threads as there are cores, at the server's own cost. Reads beside them: {READS_A_SECOND} a second, one connection.",
        costs([*samples.items(), ("POST /api/v1/auth/login", logins), (f"the same, beside {READS_A_SECOND} reads a second", beside)]),
    ]
    section.verdicts = [
        at_least("sign-ins a second to bare Argon2id's verifications", paired(rate(logins), alone, ratio), 0.9),
        at_least(f"the same beside {READS_A_SECOND} `GET /nodes/{{id}}` a second", paired(rate(beside), alone, ratio), 0.8),
        at_most("p99 of those reads over what is allowed (twice its quiet value, or 10 ms)", paired(busy, [max(2 * p99, P99_MS) for p99 in quiet], ratio), 1.0),
        reported("p99 of the reads, ms", f"{Spread.of(busy).shown('{:.1f}')} beside sign-ins, {Spread.of(quiet).shown('{:.1f}')} in quiet"),
        *(
            at_most(f"{name}: server CPU over live's, us", paired(used[name], used["GET /health/live"], over), CHECK_US, "{:.1f}")
            for name in list(checks)[1:]
        ),
        reported("Argon2id alone, a second", Spread.of(alone).shown("{:.1f}")),
    ]
    return section


def whoami(server: Server, person: Request) -> dict[str, Request]:
    """The same cheap call by each kind of credential."""
    with Client(server) as client:
        access = client.call("POST", person.path, "", person.body)["access_token"]
        made = client.call("POST", "/api/v1/users/me/api-keys", access, {"name": "bench", "scopes": ["nodes:read"]})
    credentials = {"an access token of ours": access, "an API key": made["key"], "a token from outside": token("bench")}
    return {f"GET /api/v1/whoami, {kind}": Request("GET", "/api/v1/whoami", text) for kind, text in credentials.items()}


def argon2(seconds: float) -> float:
    out, _ = run([PASSWORDS, os.cpu_count() or 1, seconds])
    return float(json.loads(out)["verifications_per_s"])


class Pace:
    """Reads at an even pace beside something else. A read that is late does not put off the next: it counts from when it was due."""

    def __init__(self, server: Server, path: str, bearer: str):
        self.server, self.path, self.bearer = server, path, bearer
        self.took: list[float] = []
        self.fault = ""
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._read)

    def __enter__(self) -> "Pace":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def _read(self) -> None:
        with Client(self.server) as client:
            due = time.monotonic()
            while not self.over.wait(max(0.0, due - time.monotonic())):
                status, _ = client.send("GET", self.path, self.bearer)
                if status != 200:
                    self.fault = f"GET {self.path} was answered {status}"
                    return
                self.took.append((time.monotonic() - due) * 1000)
                due += 1 / READS_A_SECOND

    def p99_ms(self) -> float:
        if self.fault or not self.took:
            raise BenchError(self.fault or "no read was answered")
        return quantile(self.took, 0.99)


def paced(server: Server, path: str, bearer: str, seconds: float) -> float:
    with Pace(server, path, bearer) as pace:
        time.sleep(seconds)
    return pace.p99_ms()
