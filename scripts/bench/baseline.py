"""The same searches without the server: the statement that it would send, exact answers, and when the worker has come to rest."""

import time
from array import array
from typing import Callable, Sequence

from .data import literal
from .load import Script, pipelined
from .machine import BenchError, cpu, postgres_cpu
from .server import Server

AT_REST_S = 3.0
IDLE_CPU = 0.05


def has_tiers(server: Server) -> bool:
    return server.sql("select to_regclass('vector_spaces') is not null;") == [["t"]]


def route(server: Server, tenant: str) -> str:
    """How the server searches the tenant's vectors now: `exact`, `graph` or `own`."""
    if not has_tiers(server):
        return "exact"
    found = server.sql(f"select route from vector_spaces where tenant_id = '{tenant}' and model = '{server.model_id}';")
    return found[0][0] if found else "exact"


def nearest(server: Server, tenant: str, vector: str, top: int) -> Script:
    """The nearest vectors of a tenant and of the shared rows, in the transaction that the server searches in, by the tenant's route and with what
    an answer shows of their nodes. Tenant, model and vector are parameters, as the server's are."""
    return script(server, tenant, vector, statement, top)


def bare(server: Server, tenant: str, vector: str, top: int) -> Script:
    """The same without their nodes: ids and distances alone."""
    return script(server, tenant, vector, found, top)


def script(server: Server, tenant: str, vector: str, text: Callable[[str, int, str, int], str], top: int) -> Script:
    way = route(server, tenant)
    # One by one every plan is the same plan; an index is chosen for the values at hand, and wherever there is one.
    plan = "generic" if way == "exact" and has_tiers(server) else "custom"
    return Script(
        pipelined(tenant, text(way, server.dimensions, server.model_id, top), plan, indexed=way != "exact"),
        {"vector": vector, "tenant": tenant, "model": server.model_id},
    )


def statement(way: str, dimensions: int, model: str, top: int) -> str:
    return (
        "select n.node_id, n.tenant_id, n.classes, n.props, n.metadata, left(n.content, 300) as text, 1 - f.distance as similarity "
        f"from ({found(way, dimensions, model, top)}) f join nodes n on n.tenant_id = f.tenant_id and n.node_id = f.node_id order by f.distance"
    )


def found(way: str, dimensions: int, model: str, top: int) -> str:
    def part(whose: str, which: str, compared: str = "vector", of: str = ":model") -> str:
        column = "e.embedding" if compared == "vector" else f"e.embedding::{compared}"
        return (
            f"(select e.tenant_id, e.node_id, e.embedding <=> :vector::vector as distance from embeddings e where e.tenant_id = {whose} "
            f"and e.model = {of}{which} order by {column} <=> :vector::{compared} limit {top})"
        )

    parts = [part("'*'", "")]
    if way == "exact":
        parts += [part(":tenant", "")]
    else:
        place, tail = {"graph": (1, "{0,2}"), "own": (2, "{0,1}")}[way]
        parts += [part(":tenant", f" and e.graph = {place}", f"vector({dimensions})", f"'{model}'"), part(":tenant", f" and e.graph = any('{tail}')")]
    return f"select * from ({' union all '.join(parts)}) found order by distance limit {top}"


def truth(server: Server, tenant: str, queries: Sequence[array], top: int) -> list[list[str]]:
    """The ids of the nearest nodes by comparing all, best first: no index may be used."""
    question = (
        "select string_agg(node_id::text, ',' order by distance) from (select node_id, embedding <=> '{}'::vector as distance from embeddings "
        "where tenant_id = '{}' and model = '{}' order by distance limit {}) n;"
    )
    script = ["set enable_indexscan = off; set enable_bitmapscan = off; set enable_indexonlyscan = off;"]
    script += [question.format(literal(query), tenant, server.model_id, top) for query in queries]
    return [row[0].split(",") for row in server.sql("\n".join(script))]


INDEXES = """
select (select count(*) from jobs where not dead), (select count(*) from pg_stat_progress_create_index),
  (select string_agg(format('%s %s %s', indexrelid::regclass, indisvalid, indisready), ',' order by indexrelid) from pg_index
   where indrelid::regclass::text like 'embeddings%');
"""
SPACES = """
select route, count(*), sum(tail), sum(touched) from vector_spaces group by route order by route;
select count(*) from vector_spaces where tail + touched > case route when 'exact' then {exact_rows} else {tail_rows} end;
"""
EXACT_ROWS, TAIL_ROWS = 5_000, 2_000
"""The server's default, and how many wait outside of an index that is there: what waits beyond that is due to be moved."""


def settled_after(server: Server, within_s: float = 600, quiet: bool = True, exact_rows: int = EXACT_ROWS) -> float:
    """Waits until the worker moves no vector and builds no index any more, and says how many seconds that took. Then, if it should be
    `quiet`, until nothing else goes on."""
    server.sql("vacuum analyze nodes; vacuum analyze embeddings;")
    began = changed = time.monotonic()
    tiers = has_tiers(server)
    question, before = INDEXES + (SPACES.format(exact_rows=exact_rows, tail_rows=min(exact_rows, TAIL_ROWS)) if tiers else ""), None
    while time.monotonic() - changed < AT_REST_S:
        state = server.sql(question)
        builds, due = state[0][1], state[-1][0] if tiers else "0"
        if state != before or builds != "0" or due != "0":
            before, changed = state, time.monotonic()
        if time.monotonic() - began > within_s:
            raise BenchError(f"the worker did not come to rest within {within_s:.0f} s")
        time.sleep(0.25)
    server.sql("vacuum analyze embeddings;")
    if quiet:
        wait_until_idle(server)
    return changed - began


def wait_until_idle(server: Server, within_s: float = 60) -> None:
    """Until neither the server nor Postgres does anything of its own for a second; not longer than `within_s`."""
    deadline = time.monotonic() + within_s
    used = lambda: (cpu(server.pid) + postgres_cpu(server.postmaster)).total
    while time.monotonic() < deadline:
        before = used()
        time.sleep(1)
        if used() - before < IDLE_CPU:
            return
