"""Memory, idle and while strangers and tenants do their worst; and how soon the server is ready."""

import json
import socket
import threading
import time
from typing import Callable
from urllib.parse import urlsplit

from ..data import World, load, node_path
from ..load import Request, wrk
from ..machine import memory_mb
from ..report import Section, at_most, reported
from ..scale import Scale
from ..server import Client, Server, token
from ..stats import Spread
from .loading import model_alone

TITLE = "Memory and start"
IDLE_MB = 150
STARTS = 5
SLOW_CONNECTIONS = 500
GROWTH = 1.15
"""What the last third of the load may add to the one before it; in the first, pools and caches fill."""


def measure(scale: Scale) -> Section:
    section = Section(TITLE)
    idle(section)
    starts(scale, section)
    hostile(scale, section)
    return section


def idle(section: Section) -> None:
    for model in ("minilm", "wordllama"):
        with Server(model=model) as server:
            time.sleep(2)
            whole = memory_mb(server.pid)
        alone = model_alone(model, 1, ["a text", "another text"])["memory_kib"] / 1024
        without = Spread.of([whole - alone])
        section.verdicts += [
            at_most(f"server memory idle, without the model `{model}`, MB", without, IDLE_MB, "{:.0f}"),
            reported(f"the same with `{model}`, whose own is what a process that only opens it takes", f"{whole:.0f} MB, of it {alone:.0f} MB"),
        ]


def starts(scale: Scale, section: Section) -> None:
    turns = scale.of(STARTS, 1)
    fresh, again, external = [], [], []
    for _ in range(turns):
        with Server(model="minilm") as server:
            fresh.append(server.ready_s)
            server.stop()
            server.start()
            again.append(server.ready_s)
            with Server(model="minilm", beside=server) as other:
                # The second start: the first one found the folder of a server that had never run.
                other.stop()
                other.start()
                external.append(other.ready_s)
    form = "{:.2f}"
    section.verdicts += [
        at_most("start to ready on an existing external database, s", Spread.of(external), 1, form),
        at_most("start to ready on the embedded Postgres, new cluster, s", Spread.of(fresh), 5, form),
        at_most("start to ready on the embedded Postgres, existing cluster, s", Spread.of(again), 5, form),
    ]
    section.text.append(f"{turns} starts of each kind, model `minilm`, until the server says that it listens. The external database is another server's, over its socket.")


def hostile(scale: Scale, section: Section) -> None:
    """Large and broken bodies, bad tokens, wide searches, whole batches, and clients that never finish a sentence."""
    seconds = scale.of(60, 6)
    with Server() as server:
        load(server, World(server.dimensions).rows("victim", scale.of(3_000, 300)))
        before = memory_mb(server.pid)
        bearer = token("victim")
        stop = threading.Event()
        threads = [threading.Thread(target=repeat, args=(work, stop)) for work in (lambda: slow(server), lambda: large(server, bearer), lambda: batches(server, bearer))]
        for thread in threads:
            thread.start()
        peaks = []
        try:
            for _ in range(3):
                wrk(server, mix(server, bearer), seconds / 3, 32, refusals=True)
                peaks.append(memory_mb(server.pid, "VmHWM"))
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        with Client(server) as client:
            client.call("GET", "/api/v1/whoami", bearer)
        after = memory_mb(server.pid)
    section.text.append(
        f"The hostile mix: {seconds} s of 32 connections with bad tokens, broken and deep JSON, wide searches and missing nodes, beside bodies at their limit, "
        f"batches of 500 nodes, and {SLOW_CONNECTIONS} connections that send their head byte by byte; model `wordllama` included."
    )
    section.verdicts += [
        at_most("highest memory after the last third of the hostile mix to that after the second", Spread.of([peaks[2] / peaks[1]]), GROWTH),
        reported("server memory before, at its highest, and after", f"{before:.0f}, {peaks[2]:.0f}, {after:.0f} MB"),
    ]


def mix(server: Server, bearer: str) -> list[Request]:
    vector = [1.0 / (1 + place) for place in range(server.dimensions)]
    deep: object = "x"
    for _ in range(100):
        deep = [deep]
    return [
        Request("GET", "/api/v1/whoami", "not.a.token"), Request("GET", "/nodes/none", bearer), Request("GET", node_path(1), bearer),
        Request("GET", "/nodes?limit=1000", bearer), Request("POST", "/search", bearer, {"vector": vector, "top_k": 100}),
        Request("POST", "/search", bearer, {"vector": vector[:3], "top_k": 100}), Request("POST", "/search", bearer, {"query": "x " * 900, "mode": "text"}),
        Request("POST", "/nodes", bearer, {"classes": ["Deep"], "props": {"deep": deep}}), Request("POST", "/nodes", bearer, "not an object"),
        Request("POST", "/nodes", "", {"classes": ["Stranger"], "props": {"text": "x" * 50_000}}), Request("DELETE", node_path(10**9), bearer),
    ]


def repeat(work: Callable[[], None], stop: threading.Event) -> None:
    """Until told to stop. A server that hangs up on us does what it should."""
    while not stop.is_set():
        try:
            work()
        except OSError:
            pass
        time.sleep(0.05)


def large(server: Server, bearer: str) -> None:
    """Bodies at the limit of their endpoint, and beyond."""
    with Client(server) as client:
        for size in (900_000, 8_000_000):
            client.send("POST", "/nodes", bearer, json.dumps({"classes": ["Large"], "props": {"n": [1] * (size // 3)}}).encode())


def batches(server: Server, bearer: str) -> None:
    nodes = [{"classes": ["Batch"], "props": {"text": f"a text of {number} words " * 20}} for number in range(500)]
    with Client(server) as client:
        client.send("POST", "/nodes/batch", bearer, json.dumps({"nodes": nodes}).encode())


def slow(server: Server) -> None:
    """Connections that send a head byte by byte, for two seconds, and go."""
    address = urlsplit(server.url)
    held = [socket.create_connection((address.hostname, address.port), timeout=5) for _ in range(SLOW_CONNECTIONS)]
    try:
        for byte in b"GET /health":
            for connection in held:
                connection.send(bytes([byte]))
            time.sleep(0.2)
    finally:
        for connection in held:
            connection.close()
