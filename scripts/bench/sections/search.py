"""Searches of 100,000 vectors over 100 tenants of very different size: beside pgbench with the same query, and how right they are."""

import time
from array import array

from ..baseline import bare, nearest, route, settled_after, truth
from ..data import World, literal, load, words, zipf
from ..load import Request, Sample, pgbench, wrk
from ..report import Section, at_least, reported, table
from ..scale import Scale
from ..server import Client, Server, token
from ..stats import Spread, paired, quantile, recall
from .requests import costs

TITLE = "Search"
TENANTS, ROWS = 100, 100_000
TWO_THOUSAND = 9
"""The rank of the tenant that has exactly 2,000 rows, as the replaced system was measured with."""
REPLACED_SEARCHES_A_SECOND = 89
QUERIES = 16
NEW = 8_000
TOP = 10


def tenant(rank: int) -> str:
    return f"t{rank:03}"


def measure(scale: Scale) -> Section:
    sizes = zipf(TENANTS, scale.of(ROWS, 6_000), {} if scale.quick else {TWO_THOUSAND: 2_000})
    world = World()
    with Server(model="minilm") as server:
        began = time.monotonic()
        load(server, (row for rank, size in enumerate(sizes) for row in world.rows(tenant(rank), size)))
        loaded_s = time.monotonic() - began
        settled_s = settled_after(server)
        section = Section(TITLE)
        section.text.append(
            f"{sum(sizes):,} nodes of {world.dimensions} dimensions over {TENANTS} tenants, from {sizes[0]:,} to {sizes[-1]:,} rows; loaded straight into "
            f"Postgres in {loaded_s:.0f} s, every index in place {settled_s:.0f} s later. Queries: half near to the tenant's own topics, half about "
            f"topics of which it has nothing. {scale.rounds} interleaved rounds of {scale.seconds:g} s, {scale.connections} connections."
        )
        speed(server, world, sizes, scale, section)
        rightness(server, world, sizes, scale, section)
        by_text(server, world, scale, section)
        return section


def mixed(world: World, name: str) -> list[array]:
    return world.near(name, QUERIES // 2) + world.far(name, QUERIES // 2)


def by_vector(name: str, vector: array) -> Request:
    return Request("POST", "/search", token(name), {"vector": list(vector), "top_k": TOP})


def speed(server: Server, world: World, sizes: list[int], scale: Scale, section: Section) -> None:
    ranks = {"largest": 0, "2,000 rows": TWO_THOUSAND, "median": TENANTS // 2, "smallest": TENANTS - 1}
    requests = {kind: [by_vector(tenant(rank), vector) for vector in mixed(world, tenant(rank))] for kind, rank in ranks.items()}
    scripts = {kind: [nearest(server, tenant(rank), literal(vector), TOP) for vector in mixed(world, tenant(rank))] for kind, rank in ranks.items()}
    fewer = {kind: [bare(server, tenant(rank), literal(vector), TOP) for vector in mixed(world, tenant(rank))] for kind, rank in ranks.items()}
    ours: dict[str, list[Sample]] = {kind: [] for kind in ranks}
    theirs: dict[str, list[Sample]] = {kind: [] for kind in ranks}
    ids_alone: dict[str, list[Sample]] = {kind: [] for kind in ranks}
    for kind in ranks:
        wrk(server, requests[kind], 1, scale.connections)
    for _ in range(scale.rounds):
        for kind in ranks:
            ours[kind].append(wrk(server, requests[kind], scale.seconds, scale.connections))
            theirs[kind].append(pgbench(server, scripts[kind], scale.seconds, scale.connections))
            ids_alone[kind].append(pgbench(server, fewer[kind], scale.seconds, scale.connections))
    rows = []
    for kind, rank in ranks.items():
        rows += [(f"POST /search, {kind} ({sizes[rank]:,} rows, route `{route(server, tenant(rank))}`)", ours[kind]), ("pgbench, the same query", theirs[kind])]
        rows.append(("pgbench, without the nodes that it finds", ids_alone[kind]))
        ratio, share = (paired([s.rate for s in ours[kind]], [s.rate for s in other[kind]], lambda one, two: one / two) for other in (theirs, ids_alone))
        section.verdicts.append(at_least(f"search of the {kind} tenant ({sizes[rank]:,}) to pgbench with the same query", ratio, 0.7))
        section.verdicts.append(reported(f"the same to pgbench without the nodes that it finds ({sizes[rank]:,})", share.shown("{:.2f}")))
    section.text.append(costs(rows))
    rate = Spread.of([sample.rate for sample in ours["2,000 rows"]])
    section.verdicts.append(at_least("searches a second of 2,000 rows: ten times the replaced system", rate, 10 * REPLACED_SEARCHES_A_SECOND, "{:,.0f}"))


def rightness(server: Server, world: World, sizes: list[int], scale: Scale, section: Section) -> None:
    """Recall against an exact scan of the tenant's rows."""
    count, rows = scale.of(50, 5), []
    for kind, rank in {"largest": 0, "median": TENANTS // 2, "smallest": TENANTS - 1}.items():
        name = tenant(rank)
        for near, queries in (("near to", world.near(name, count)), ("far from", world.far(name, count))):
            wanted, took = truth(server, name, queries, TOP), []
            shares = []
            with Client(server) as client:
                bearer = token(name)
                for query, ids in zip(queries, wanted, strict=True):
                    began = time.perf_counter()
                    results = client.call("POST", "/search", bearer, {"vector": list(query), "top_k": TOP})["results"]
                    took.append((time.perf_counter() - began) * 1000)
                    shares.append(recall([result["id"] for result in results], ids))
            mean = Spread.of([sum(shares) / len(shares)])
            section.verdicts.append(at_least(f"recall@{TOP}, {kind} tenant ({sizes[rank]:,}), queries {near} its topics", mean, 0.95, "{:.3f}"))
            rows.append([f"{kind}, {near}", f"{mean.middle:.3f}", f"{min(shares):.1f}", f"{quantile(took, 0.5):.1f}", f"{quantile(took, 0.95):.1f}"])
    section.text.append(f"Recall@{TOP} of {count} queries each, against exact scans:\n\n" + table(["tenant, queries", "mean", "worst", "p50 ms", "p95 ms"], rows))


def by_text(server: Server, world: World, scale: Scale, section: Section) -> None:
    """The same with the model's work before it, and with words besides."""
    import random

    name, chance = tenant(TWO_THOUSAND), random.Random("questions")
    topics = world.topics_of(name)
    asked = lambda count: [words(chance.choice(topics), chance) for _ in range(count)]
    ask = lambda mode, questions: [Request("POST", "/search", token(name), {"query": text, "mode": mode, "top_k": TOP}) for text in questions]
    questions = asked(QUERIES)
    known = {
        "ready vector": [by_vector(name, vector) for vector in mixed(world, name)],
        "text asked before, by meaning": ask("vector", questions),
        "text asked before, hybrid": ask("hybrid", questions),
        "text, by words": ask("text", questions),
    }
    # More than are asked in a round: no vector is remembered.
    new = {"new text, by meaning": "vector", "new text, hybrid": "hybrid"}
    scripts = [nearest(server, name, literal(vector), TOP) for vector in mixed(world, name)]
    peer: list[Sample] = []
    samples: dict[str, list[Sample]] = {kind: [] for kind in [*known, *new]}
    for kind, requests in known.items():
        wrk(server, requests, 1, scale.connections)
    for _ in range(scale.rounds):
        for kind, requests in known.items():
            samples[kind].append(wrk(server, requests, scale.seconds, scale.connections))
        peer.append(pgbench(server, scripts, scale.seconds, scale.connections))
        for kind, mode in new.items():
            samples[kind].append(wrk(server, ask(mode, asked(scale.of(NEW, 2_000))), scale.seconds, scale.connections))
    rows = [*((f"POST /search, {kind}", rounds) for kind, rounds in samples.items()), ("pgbench, the query of a ready vector", peer)]
    section.text.append("With text, the tenant of 2,000 rows, model `minilm`:\n\n" + costs(rows))
    rate = {kind: [sample.rate for sample in rounds] for kind, rounds in samples.items()}
    share = paired(rate["text asked before, by meaning"], [sample.rate for sample in peer], lambda one, other: one / other)
    section.verdicts.append(at_least("search by a text whose vector is remembered to pgbench with the query of a ready one", share, 0.7))
    share = paired(rate["text asked before, by meaning"], rate["ready vector"], lambda one, other: one / other)
    section.verdicts.append(reported("search by a text whose vector is remembered to search by a ready vector", share.shown("{:.2f}")))
    used = {kind: [sample.server.total for sample in rounds] for kind, rounds in samples.items()}
    model = paired(used["new text, by meaning"], used["text asked before, by meaning"], lambda one, other: one - other)
    section.verdicts.append(reported("the model's own time for a query, us of server CPU", model.shown("{:,.0f}")))
