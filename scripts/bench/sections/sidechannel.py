"""Whether latency tells of other tenants' content: worlds that differ in nothing but what the neighbours' vectors are about.

Three servers hold the same tenants and the same numbers of rows. In two of them, the neighbours write about other topics than the tenants that
are measured; in the third, about the same. The first two are the control: what tells them apart is the machine. All lie in one partition.

Where in memory a server's pages lie is drawn when it starts, and makes servers that hold the same differ for as long as they run. So the
searches are spread over many starts of all three, and what is judged is one number of each start: its searches are not independent of each other.
"""

import json
import random
import time
from contextlib import ExitStack
from typing import Iterator

from ..baseline import route, settled_after
from ..data import TOPICS, Row, World, load
from ..machine import BenchError
from ..report import Section, Verdict, reported, table
from ..scale import Scale
from ..server import Client, Server, knows, token
from ..stats import MannWhitney, mann_whitney, quantile

TITLE = "Side channel"
SEARCHES, STARTS = 2_000, 20
WARMING = 40
"""Searches of each tenant after a start that are not counted: caches fill, plans are made."""
EXACT_ROWS, OWN_INDEX_ROWS = 2_000, 8_000
"""Lower than by default, so that three worlds are built in time."""
SIZES = {"exact": 1_500, "graph": 4_000, "own": 10_000}
NEIGHBOURS, NEIGHBOUR_ROWS = 5, 4_000
SIGNIFICANT = 0.01

Times = list[list[float]]
"""Microseconds, for each of the three worlds."""


def measure(scale: Scale) -> Section:
    section = Section(TITLE)
    tiered = knows("search.own_index_rows")
    settings = {"WARDGRAPH_SEARCH__EXACT_ROWS": str(EXACT_ROWS), "WARDGRAPH_SEARCH__OWN_INDEX_ROWS": str(OWN_INDEX_ROWS)} if tiered else {}
    shrunk = scale.of(1, 10)
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(model="minilm", **settings)) for _ in range(3)]
        names = in_one_partition(servers[0], len(SIZES) + NEIGHBOURS)
        measured = dict(zip(SIZES, names))
        for server, alike in zip(servers, (False, False, True)):
            load(server, content(World(), measured, names[len(SIZES) :], alike, shrunk))
        for server in servers:
            settled_after(server, exact_rows=EXACT_ROWS)
        starts, each = scale.of(STARTS, 4), scale.of(SEARCHES, 100) // scale.of(STARTS, 4)
        section.text.append(
            f"{starts * each:,} searches of each tenant in each world, {each} after each of {starts} starts, the worlds in random order, one at a time. "
            f"{NEIGHBOURS} neighbours of {NEIGHBOUR_ROWS // shrunk:,} rows in the same partition. Mann-Whitney U, two-sided; the effect is the "
            "rank-biserial correlation, and 0 is none. Judged are the medians of the starts."
        )
        ways = {kind: {route(server, name) for server in servers} for kind, name in measured.items()}
        for kind, way in ways.items():
            if tiered and not scale.quick and way != {kind}:
                raise BenchError(f"the tenant that should be searched by `{kind}` is searched by {way}")
        kinds = [kind for kind in SIZES if tiered or kind == "exact"]
        times: dict[str, list[Times]] = {kind: [] for kind in kinds}
        for start in range(starts):
            for server in servers:
                server.stop()
                server.start()
            for kind in kinds:
                times[kind].append(searched(servers, World(), measured[kind], each, start))
        rows = []
        for kind in kinds:
            told, verdict = compared(kind, "/".join(sorted(ways[kind])), SIZES[kind] // shrunk, times[kind])
            rows += told
            section.verdicts.append(verdict)
    head = ["tenant", "route", "p50 us: far, far again, near", "compared", "far against far again", "far against near", "far again against near"]
    section.text.append(table(head, rows))
    return section


def in_one_partition(server: Server, count: int) -> list[str]:
    """Names of tenants whose rows lie together."""
    question = "select name from (select 's' || n as name from generate_series(1, 2000) n) s where satisfies_hash_partition('embeddings'::regclass, 16, 0, name) limit {};"
    return [row[0] for row in server.sql(question.format(count))]


def content(world: World, measured: dict[str, str], neighbours: list[str], alike: bool, shrunk: int) -> Iterator[Row]:
    for kind, name in measured.items():
        yield from world.rows(name, SIZES[kind] // shrunk)
    same = sorted({topic for name in measured.values() for topic in world.topics_of(name)})
    others = [topic for topic in range(TOPICS) if topic not in same]
    for name in neighbours:
        yield from world.rows(name, NEIGHBOUR_ROWS // shrunk, topics=same if alike else others[: len(same)])


def searched(servers: list[Server], world: World, tenant: str, count: int, start: int) -> Times:
    """Microseconds of each search in each world, since all were started."""
    bearer, chance = token(tenant), random.Random(f"order/{tenant}/{start}")
    bodies = [json.dumps({"vector": list(vector), "top_k": 10}).encode() for vector in world.near(tenant, WARMING)]
    times: Times = [[] for _ in servers]
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(server)) for server in servers]
        for turn in range(-WARMING, count):
            places = list(range(len(servers)))
            chance.shuffle(places)
            for place in places:
                began = time.perf_counter()
                status, answer = clients[place].send("POST", "/search", bearer, bodies[turn % len(bodies)])
                took = (time.perf_counter() - began) * 1e6
                if status != 200:
                    raise BenchError(f"a search was answered {status}: {answer[:300]!r}")
                if turn >= 0:
                    times[place].append(took)
    return times


def compared(kind: str, way: str, size: int, starts: list[Times]) -> tuple[list[list[str]], Verdict]:
    """Two rows, of all searches and of the starts' medians, and what the medians say."""
    pooled = [[took for start in starts for took in start[world]] for world in range(3)]
    medians = [[quantile(start[world], 0.5) for start in starts] for world in range(3)]
    shown = lambda test: f"p {test.p:.3g}, effect {test.effect:+.3f}"
    middles = ", ".join(f"{quantile(some, 0.5):,.0f}" for some in pooled)
    rows = []
    for name, samples in (("searches", pooled), ("starts", medians)):
        control, one, other = pairs(samples)
        rows.append([f"{size:,} rows", way, middles, f"{len(samples[0]):,} {name}", shown(control), shown(one), shown(other)])
    control, one, other = pairs(medians)
    what = f"neighbours' content in the latency of a tenant searched by `{kind}`"
    found = f"near against far: {shown(one)} and {shown(other)}; control: {shown(control)}"
    if kind == "graph":
        return rows, reported(what, found)
    return rows, Verdict(what, "not to be told from the control", found, not told_apart(control, one, other))


def pairs(worlds: Times) -> tuple[MannWhitney, MannWhitney, MannWhitney]:
    far, again, near = worlds
    return mann_whitney(far, again), mann_whitney(far, near), mann_whitney(again, near)


def told_apart(control: MannWhitney, one: MannWhitney, other: MannWhitney) -> bool:
    """Whether the third world differs from both that are alike: in the same direction, and by more than they differ from each other."""
    significant = one.p < SIGNIFICANT and other.p < SIGNIFICANT and one.effect * other.effect > 0
    return significant and min(abs(one.effect), abs(other.effect)) > abs(control.effect)
