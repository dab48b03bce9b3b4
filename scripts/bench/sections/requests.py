"""What the way in costs, and reading a node: beside the server's cheapest answer, and beside pgbench."""

from ..data import World, load, node_path
from ..load import Request, Sample, Script, pgbench, pipelined, wrk
from ..report import Section, Verdict, at_least, at_most, reported, table
from ..scale import Scale
from ..server import Server, token
from ..stats import Spread, paired

TITLE = "Request path"
NODES = 5_000
CROWD = 16
"""Connections of the second look at nodes: reads share a connection to Postgres, so that many cost less than few."""
REPLACED_NODES_A_SECOND = 393
COLUMNS = "tenant_id, node_id, external_id, classes, props, payload_ref, metadata, refresh_policy, triggers, version, embedding_status, created_at, updated_at"


def measure(scale: Scale) -> Section:
    with Server() as server:
        load(server, World(server.dimensions).rows("bench", scale.of(NODES, 500)))
        server.sql("vacuum analyze;")
        return compare(server, scale)


def compare(server: Server, scale: Scale) -> Section:
    bearer, path = token("bench"), node_path(scale.of(NODES, 500) // 2)
    node = path.rsplit("/", 1)[1]
    # Tenant and node are parameters, as the server's are.
    statement = f"select {COLUMNS} from nodes where tenant_id = any(array[:tenant, '*']) and node_id = :node"
    point = Script(pipelined("bench", statement), {"tenant": "bench", "node": node})
    requests = {
        "live": Request("GET", "/health/live"),
        "whoami": Request("GET", "/api/v1/whoami", bearer),
        "node": Request("GET", path, bearer),
        "create": Request("POST", "/nodes", bearer, {"classes": ["Bench"], "props": {"n": 1}}),
    }
    samples: dict[str, list[Sample]] = {name: [] for name in [*requests, "pgbench", "crowd", "pgbench crowd"]}
    for request in requests.values():
        wrk(server, [request], 1, scale.connections)
    for _ in range(scale.rounds):
        for name, request in requests.items():
            samples[name].append(wrk(server, [request], scale.seconds, scale.connections))
        samples["pgbench"].append(pgbench(server, [point], scale.seconds, scale.connections))
        samples["crowd"].append(wrk(server, [requests["node"]], scale.seconds, CROWD))
        samples["pgbench crowd"].append(pgbench(server, [point], scale.seconds, CROWD))
    return told(samples, scale)


def told(samples: dict[str, list[Sample]], scale: Scale) -> Section:
    names = {
        "live": "GET /health/live", "whoami": "GET /api/v1/whoami", "node": "GET /nodes/{id}", "create": "POST /nodes, no text",
        "pgbench": "pgbench, the node's transaction", "crowd": f"GET /nodes/{{id}}, {CROWD} connections", "pgbench crowd": f"pgbench, {CROWD} connections",
    }
    section = Section(TITLE)
    section.text += [
        f"{scale.rounds} interleaved rounds of {scale.seconds:g} s, {scale.connections} connections, one tenant of {scale.of(NODES, 500):,} nodes.",
        costs([(names[name], rounds) for name, rounds in samples.items()]),
    ]
    rate = {name: [sample.rate for sample in rounds] for name, rounds in samples.items()}
    used = {name: [sample.server.total for sample in rounds] for name, rounds in samples.items()}
    ratio = lambda one, other: one / other
    section.verdicts = [
        at_most("whoami's server CPU over live's, us", paired(used["whoami"], used["live"], lambda one, other: one - other), 10, "{:.1f}"),
        at_least("whoami's throughput to live's", paired(rate["whoami"], rate["live"], ratio), 0.6),
        at_most("`GET /nodes/{id}`: server CPU, us", Spread.of(used["node"]), 60, "{:.0f}"),
        at_least("`GET /nodes/{id}` to pgbench with the same pipelined transaction", paired(rate["node"], rate["pgbench"], ratio), 0.45),
        reported(f"the same over {CROWD} connections", paired(rate["crowd"], rate["pgbench crowd"], ratio).shown()),
        at_least("`GET /nodes/{id}` a second: ten times the replaced system", Spread.of(rate["node"]), 10 * REPLACED_NODES_A_SECOND, "{:,.0f}"),
        where_it_goes(samples),
    ]
    return section


def where_it_goes(samples: dict[str, list[Sample]]) -> Verdict:
    """A node's CPU, cut up by what the cheaper requests cost already."""
    cost = {name: Spread.of([sample.server.total for sample in rounds]).middle for name, rounds in samples.items()}
    postgres = Spread.of([sample.postgres.total for sample in samples["node"]]).middle
    bare = Spread.of([sample.postgres.total for sample in samples["pgbench"]]).middle
    parts = [
        f"{cost['live']:.0f} HTTP and the mount", f"{cost['whoami'] - cost['live']:.0f} verifying, deciding and counting",
        f"{cost['node'] - cost['whoami']:.0f} the unit of work and the answer", f"{postgres:.0f} Postgres ({bare:.0f} for pgbench)",
    ]
    return reported("where a `GET /nodes/{id}` goes, us of CPU", "; ".join(parts))


def costs(rows: list[tuple[str, list[Sample]]]) -> str:
    """A table of rates, latencies and the CPU of each process."""
    head = ["", "a second", "p50 ms", "p99 ms", "server CPU us", "of it kernel", "Postgres CPU us", "client CPU us"]
    body = []
    for name, rounds in rows:
        of = lambda pick, form="{:.0f}": Spread.of([pick(sample) for sample in rounds]).shown(form)
        middle = lambda pick, form="{:.0f}": form.format(Spread.of([pick(sample) for sample in rounds]).middle)
        body.append([
            name, of(lambda s: s.rate, "{:,.0f}"), middle(lambda s: s.p50_ms, "{:.2f}"), middle(lambda s: s.p99_ms, "{:.2f}"),
            of(lambda s: s.server.total), middle(lambda s: s.server.system), of(lambda s: s.postgres.total), middle(lambda s: s.client.total),
        ])
    return table(head, body)
