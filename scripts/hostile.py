#!/usr/bin/env python3
"""What slow and hostile clients cost a well-behaved one.

Asks `/health/live` over one connection, a hundred times a second, in quiet; then again while others idle, send their heads
and bodies slowly, stop halfway, or leave their answers unread. Says p50 and p99 of each, and fails where p99 is over twice
its quiet value and over 10 ms.

    scripts/hostile.py --url http://127.0.0.1:8080 [--idle 10000] [--seconds 10]

Give the server room for so many connections (`WARDGRAPH_HTTP__MAX_CONNECTIONS`), and both processes file descriptors.
"""

import argparse
import asyncio
import resource
import sys
import time
from urllib.parse import urlsplit

PROBE = b"GET /health/live HTTP/1.1\r\nhost: probe\r\n\r\n"
LIMIT_S = 0.010


async def probe(host, port, seconds):
    """The latencies of one client that asks a hundred times a second, in order of size."""
    reader, writer = await asyncio.open_connection(host, port)
    latencies, end = [], time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        writer.write(PROBE)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await reader.readexactly(length)
        latencies.append(time.perf_counter() - began)
        await asyncio.sleep(max(0.0, 0.01 - latencies[-1]))
    writer.close()
    return sorted(latencies)


async def idle(host, port):
    """Connects, and says nothing."""
    await asyncio.open_connection(host, port)
    await asyncio.sleep(3600)


async def drip(host, port, head):
    """Sends its head, then a byte a second."""
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(head)
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(1)
        except OSError:
            await asyncio.sleep(1)


async def unread(host, port):
    """Asks for a long page again and again, and reads nothing."""
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port, limit=1024)
            writer.transport.pause_reading()
            for _ in range(200):
                writer.write(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n")
                await asyncio.sleep(0.1)
        except (OSError, RuntimeError):
            await asyncio.sleep(1)


async def crowd(kinds, ready_s=2):
    """Starts everyone, some at a time."""
    tasks = []
    for number, kind in enumerate(kinds):
        tasks.append(asyncio.create_task(kind()))
        if number % 200 == 199:
            await asyncio.sleep(0.02)
    await asyncio.sleep(ready_s)
    return tasks


async def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    url = urlsplit(options.url)
    where = (url.hostname, url.port or 80)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, options.idle + 1_000)), hard))

    head = b"POST /search HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n"
    attacks = {
        "idle connections": [lambda: idle(*where)] * options.idle,
        "slow heads": [lambda: drip(*where, b"GET /health/live HTTP/1.1\r\nhost: x\r\nx: ")] * 500,
        "slow bodies": [lambda: drip(*where, head)] * 500,
        "unread answers": [lambda: unread(*where)] * 200,
    }
    quiet = await probe(*where, options.seconds)
    failed = False
    for name, latencies in [("quiet", quiet)] + [(name, None) for name in attacks]:
        if latencies is None:
            tasks = await crowd(attacks[name])
            latencies = await probe(*where, options.seconds)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        p50, p99 = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
        late = p99 > max(2 * quiet[len(quiet) * 99 // 100], LIMIT_S)
        failed |= late
        print(f"{name:18} {len(latencies):6} requests  p50 {p50 * 1e3:7.2f} ms  p99 {p99 * 1e3:7.2f} ms{'  TOO LATE' if late else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
