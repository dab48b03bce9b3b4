"""The same requests with ten tenants and with 100,000, each with rows and a token in use."""

import random

from ..baseline import wait_until_idle
from ..data import World, load, node_path, words
from ..load import Request, Sample, wrk
from ..machine import memory_mb
from ..report import Section, Verdict, at_most, reported
from ..scale import Scale
from ..server import Server, token
from ..stats import Spread, paired
from .requests import costs

TITLE = "Many tenants"
FEW, MANY = 10, 100_000
MOST = 1.3
ROUNDS = 3


def tenants(count: int) -> list[str]:
    return [f"n{number}" for number in range(count)]


def measure(scale: Scale) -> Section:
    many = scale.of(MANY, 1_000)
    # The issuer speaks for all of them: else each would be bound to it by its first token, 10,000 an hour at most.
    with Server(model="minilm", WARDGRAPH_JWT__TENANTS="*") as small, Server(model="minilm", WARDGRAPH_JWT__TENANTS="*") as large:
        servers = {FEW: small, many: large}
        for count, server in servers.items():
            fill(server, count)
        section = Section(TITLE)
        section.text.append(
            f"Two servers, one with {FEW} tenants and one with {many:,}, a node and its vector each. Requests go through all the tenants in turn, each with "
            f"its token, so that rows, tokens and limits of all of them are in use. {min(ROUNDS, scale.rounds)} interleaved rounds of {scale.seconds:g} s."
        )
        compare(servers, scale, section)
        section.verdicts += [*memory(servers), *start_up(servers)]
        return section


def fill(server: Server, count: int) -> None:
    """Each tenant gets one row about one topic; drawing 25 topics for each would take longer than all the rest."""
    world = World(server.dimensions)
    load(server, (row for place, name in enumerate(tenants(count)) for row in world.rows(name, 1, topics=[place % 400])))
    server.sql("vacuum analyze nodes; vacuum analyze embeddings;")


def requests(server: Server, count: int) -> dict[str, list[Request]]:
    tokens = [token(name) for name in tenants(count)]
    vector, node = list(World(server.dimensions).near("everyone", 1)[0]), node_path(0)
    every = lambda method, path, body=None: [Request(method, path, bearer, body) for bearer in tokens]
    return {
        "GET /api/v1/whoami": every("GET", "/api/v1/whoami"),
        "GET /nodes/{id}": every("GET", node),
        # One row each: the tenants that are few get more rows by what is written below.
        "GET /nodes?limit=1": every("GET", "/nodes?limit=1"),
        "GET /nodes/{id}/neighbors": every("GET", f"{node}/neighbors"),
        "GET /lineage/{id}": every("GET", node.replace("/nodes/", "/lineage/")),
        "GET /events?limit=1": every("GET", "/events?limit=1"),
        "POST /search, by words": every("POST", "/search", {"query": words(0, random.Random("words")), "mode": "text", "top_k": 10}),
        # Bodies are 4 kB each: wrk holds as many as every 10th tenant's.
        "POST /search, ready vector": [Request("POST", "/search", bearer, {"vector": vector, "top_k": 10}) for bearer in tokens[:: max(1, count // 10_000)]],
        "POST /nodes, no text": every("POST", "/nodes", {"classes": ["Bench"], "props": {"n": 1}}),
    }


def compare(servers: dict[int, Server], scale: Scale, section: Section) -> None:
    asked = {count: requests(server, count) for count, server in servers.items()}
    few, many = servers
    for count, server in servers.items():
        # Every token is verified once, and is in its cache from then on.
        warm = max(1.0, 1.5 * count / 10_000)
        wrk(server, asked[count]["GET /api/v1/whoami"], warm if not scale.quick else 1, scale.connections)
        for name in asked[count]:
            wrk(server, asked[count][name], 1, scale.connections)
    for server in servers.values():
        # Each token's first use is an event; they are written behind the requests.
        wait_until_idle(server)
    samples: dict[tuple[str, int], list[Sample]] = {}
    for _ in range(min(ROUNDS, scale.rounds)):
        for name in asked[few]:
            for count, server in servers.items():
                samples.setdefault((name, count), []).append(wrk(server, asked[count][name], scale.seconds, scale.connections))
    section.text.append(costs([(f"{name}, {count:,} tenants", samples[name, count]) for name in asked[few] for count in servers]))
    used = lambda name, count: [sample.server.total + sample.postgres.total for sample in samples[name, count]]
    for name in asked[few]:
        ratio = paired(used(name, many), used(name, few), lambda one, other: one / other)
        section.verdicts.append(at_most(f"{name}: CPU of server and Postgres with {many:,} tenants to that with {few}", ratio, MOST))


def memory(servers: dict[int, Server]) -> list[Verdict]:
    few, many = (memory_mb(server.pid) for server in servers.values())
    most, least = max(servers), min(servers)
    what = f"server memory after that, model `minilm` included, with {most:,} tenants to that with {least}"
    shown = f"{few:.0f} MB and {many:.0f} MB: {(many - few) * 1024 / most:.1f} kB a tenant whose token, limits and rows are in use"
    return [at_most(what, Spread.of([many / few]), MOST), reported("the same in numbers", shown)]


def start_up(servers: dict[int, Server]) -> list[Verdict]:
    """Each server stopped and started again on its own cluster, in turn."""
    few, many = servers
    times: dict[int, list[float]] = {count: [] for count in servers}
    for _ in range(3):
        for count, server in servers.items():
            server.stop()
            server.start()
            times[count].append(server.ready_s)
    ratio = paired(times[many], times[few], lambda one, other: one / other)
    return [at_most(f"start to ready on the embedded Postgres with {many:,} tenants ({Spread.of(times[many]).shown('{:.2f}')} s) to that with {few}", ratio, MOST)]
