"""A tenant that grows from 10 to 200,000 nodes while it is searched: no short result, no error, and its way through the tiers."""

import threading
import time
from dataclasses import dataclass, field

from ..baseline import has_tiers, route, settled_after, truth
from ..data import World, load
from ..report import Section, Verdict, at_least, reported, table
from ..scale import Scale
from ..server import Client, Server, token
from ..stats import Spread, quantile, recall

TITLE = "Growth"
TENANT = "growing"
BEGIN, END = 10, 200_000
BATCH = 1_000
ROWS_A_SECOND = 2_000
SEARCHERS = 2
TOP = 10
SETTLED_WITHIN_S = 2_400
SEEN = ("wardgraph_search_tenants{", "wardgraph_search_tier_changes_total", "wardgraph_search_index_builds_total")


@dataclass
class Story:
    """What the searchers and the watcher saw. Lists only grow at their end, so that threads may share them."""

    rows: int = 0
    began: float = field(default_factory=time.monotonic)
    searches: list[tuple[int, float]] = field(default_factory=list)
    """The tenant's rows when a search began, and its milliseconds."""
    short: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    changes: list[tuple[float, int, str]] = field(default_factory=list)
    """When, at how many rows, and what in the metrics changed."""
    over: threading.Event = field(default_factory=threading.Event)

    def age(self) -> float:
        return time.monotonic() - self.began


def measure(scale: Scale) -> Section:
    end = scale.of(END, 4_000)
    world = World()
    with Server(model="minilm") as server:
        load(server, world.rows(TENANT, BEGIN))
        story = Story(rows=BEGIN)
        threads = [threading.Thread(target=search, args=(server, world, story, number)) for number in range(SEARCHERS)]
        threads.append(threading.Thread(target=watch, args=(server, story, server.system_token())))
        for thread in threads:
            thread.start()
        try:
            grow(server, world, story, end)
            grown_s = story.age()
            settled_s = settled_after(server, SETTLED_WITHIN_S, quiet=False)
        finally:
            story.over.set()
            for thread in threads:
                thread.join()
        section = told(story, end, grown_s, settled_s)
        section.verdicts += rightness(server, world, scale)
        section.verdicts.append(tiers(server, story))
        return section


def grow(server: Server, world: World, story: Story, end: int) -> None:
    """Batches straight into Postgres at an even pace, and a node over HTTP after each."""
    bearer = token(TENANT)
    with Client(server) as client:
        while story.rows < end:
            due = story.began + (story.rows - BEGIN) / ROWS_A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            count = min(BATCH, max(BEGIN, story.rows), end - story.rows)
            load(server, world.rows(TENANT, count, first=story.rows))
            story.rows += count
            try:
                client.call("POST", "/nodes", bearer, {"classes": ["Bench"], "props": {"text": f"written while row {story.rows} was young"}})
            except Exception as error:  # whatever it is, it must not happen
                story.errors.append(f"a write at {story.rows:,} rows: {error}")


def search(server: Server, world: World, story: Story, number: int) -> None:
    bearer = token(TENANT)
    queries = [{"vector": list(vector), "top_k": TOP} for vector in world.near(TENANT, 20)[number::2] + world.far(TENANT, 20)[number::2]]
    with Client(server) as client:
        turn = 0
        while not story.over.is_set():
            # What was committed before the question is asked must be in the answer.
            rows, began = story.rows, time.perf_counter()
            try:
                results = client.call("POST", "/search", bearer, queries[turn % len(queries)])["results"]
            except Exception as error:  # whatever it is, it must not happen
                story.errors.append(f"a search at {rows:,} rows: {error}")
                time.sleep(0.1)
                continue
            story.searches.append((rows, (time.perf_counter() - began) * 1000))
            if len(results) < min(TOP, rows):
                story.short.append(f"{len(results)} results at {rows:,} rows")
            turn += 1


def watch(server: Server, story: Story, bearer: str) -> None:
    """What the metrics say of the tiers, whenever it changes."""
    before: dict[str, float] = {}
    while not story.over.wait(0.5):
        try:
            now = {name: value for name, value in server.metrics(bearer).items() if name.startswith(SEEN)}
        except Exception as error:  # whatever it is, it must not happen
            story.errors.append(f"the metrics at {story.rows:,} rows: {error}")
            continue
        news = [f"`{name} {value:g}`" for name, value in now.items() if before.get(name, 0.0) != value]
        if news:
            story.changes.append((story.age(), story.rows, ", ".join(news)))
        before = now


def told(story: Story, end: int, grown_s: float, settled_s: float) -> Section:
    section = Section(TITLE)
    section.text.append(
        f"One tenant from {BEGIN} to {end:,} rows in {grown_s:.0f} s, {SEARCHERS} searchers beside it without a pause; the worker came to rest {settled_s:.0f} s later."
    )
    bounds = [0, *(bound for bound in (2_000, 50_000) if bound < end), end, end + 1]
    rows = []
    for low, high in zip(bounds, bounds[1:]):
        took = [ms for size, ms in story.searches if low <= size < high]
        if took:
            name = f"{low:,} to {high:,} rows" if high <= end else f"{end:,} rows, while the worker finished and after"
            rows.append([name, f"{len(took):,}", f"{quantile(took, 0.5):.1f}", f"{quantile(took, 0.99):.1f}", f"{max(took):.1f}"])
    section.text.append(table(["while it had", "searches", "p50 ms", "p99 ms", "longest ms"], rows))
    if story.changes:
        changes = [[f"{age:.1f} s", f"{size:,}", news] for age, size, news in story.changes]
        section.text.append("What the metrics told of the tiers:\n\n" + table(["when", "rows", "changed"], changes))
    none = lambda what, seen: Verdict(what, "none", f"{len(seen)} of {len(story.searches):,}" + (f", e.g. {seen[0]}" if seen else ""), not seen)
    section.verdicts = [none("short results", story.short), none("errors", story.errors)]
    return section


def rightness(server: Server, world: World, scale: Scale) -> list[Verdict]:
    verdicts, bearer = [], token(TENANT)
    with Client(server) as client:
        for near, queries in (("near to", world.near(TENANT, scale.of(20, 5))), ("far from", world.far(TENANT, scale.of(20, 5)))):
            wanted = truth(server, TENANT, queries, TOP)
            ask = lambda query: [found["id"] for found in client.call("POST", "/search", bearer, {"vector": list(query), "top_k": TOP})["results"]]
            shares = [recall(ask(query), ids) for query, ids in zip(queries, wanted, strict=True)]
            mean = Spread.of([sum(shares) / len(shares)])
            what = f"recall@{TOP} when grown, queries {near} its topics"
            # Far from 8,000 vectors of each topic the walk stays with the topic that it meets first (docs/adr/0013).
            verdicts.append(at_least(what, mean, 0.95, "{:.3f}") if near == "near to" else reported(what, mean.shown("{:.3f}")))
    return verdicts


def tiers(server: Server, story: Story) -> Verdict:
    if not has_tiers(server):
        return reported("tier changes visible in metrics", "this server has no tiers")
    way = route(server, TENANT)
    routes = [name for name in ("graph", "own") if any(f'wardgraph_search_tenants{{route="{name}"}} 1' in news for _, _, news in story.changes)]
    # Whoever grows faster than an index is built passes the middle tier by.
    ways = [["own"], ["graph", "own"]] if story.rows >= 50_000 else [["graph"]]
    wanted = " or ".join(" -> ".join(["exact", *names]) for names in ways)
    shown = " -> ".join(["exact", *routes])
    return Verdict("tier changes visible in metrics", wanted, f"{shown}; now `{way}`", routes in ways and way == routes[-1])
