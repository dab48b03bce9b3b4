#!/usr/bin/env python3
"""What slow and hostile clients cost a well-behaved one.

Asks `/health/live` over one connection, a hundred times a second, in quiet; then again while others idle, send their heads
and bodies slowly, stop halfway, leave their answers unread, or, where the server speaks TLS, begin handshakes that they never
end and cancel what they ask over HTTP/2 as fast as they can. Says p50 and p99 of each, and fails where p99 is over twice its
quiet value and over 10 ms. Under each, a client that comes anew is let in within a second too, or it fails.

    scripts/hostile.py --url http://127.0.0.1:8080 [--idle 10000] [--seconds 10]
    scripts/hostile.py --url https://127.0.0.1:8443

The server and this script each need as many file descriptors as there are connections (`ulimit -n`).
"""

import argparse
import asyncio
import os
import resource
import ssl
import sys
import time
from urllib.parse import urlsplit

PROBE = b"GET /health/live HTTP/1.1\r\nhost: probe\r\n\r\n"
LIMIT_S = 0.010
NEWCOMER_S = 1.0

# RFC 9113: the preface with empty settings; a GET of `/` as HEADERS of the static table, and its RST_STREAM (CANCEL).
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
HEADERS = b"\x82\x87\x84\x41\x01x"


class Site:
    """Where the server is, and how connections to it are opened."""

    def __init__(self, url):
        parts = urlsplit(url)
        self.tls = parts.scheme == "https"
        self.where = (parts.hostname, parts.port or (443 if self.tls else 80))

    def context(self, protocol):
        # The server is the one under test: whose certificate it shows is no question here.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols([protocol])
        return context

    async def plain(self, **options):
        return await asyncio.open_connection(*self.where, **options)

    async def connect(self, protocol="http/1.1", **options):
        if self.tls:
            options["ssl"] = self.context(protocol)
        return await asyncio.open_connection(*self.where, **options)


async def ask(reader, writer):
    writer.write(PROBE)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    await reader.readexactly(length)


async def probe(site, seconds):
    """The latencies of one client that asks a hundred times a second, in order of size."""
    reader, writer = await site.connect()
    latencies, end = [], time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        await ask(reader, writer)
        latencies.append(time.perf_counter() - began)
        await asyncio.sleep(max(0.0, 0.01 - latencies[-1]))
    writer.close()
    return sorted(latencies)


async def newcomer(site):
    """How long a client that comes now takes to its first answer; for ever, if it is turned away."""
    began = time.perf_counter()
    try:
        reader, writer = await site.connect()
        await ask(reader, writer)
    except (OSError, asyncio.IncompleteReadError):
        return float("inf")
    writer.close()
    return time.perf_counter() - began


async def again(what):
    """Does `what` for ever, whatever the server does about it."""
    while True:
        try:
            await what()
        except (OSError, RuntimeError, asyncio.IncompleteReadError):
            pass
        await asyncio.sleep(1)


async def idle(site):
    """Connects, and says nothing."""
    reader, _ = await site.plain()
    await reader.read(1)


async def drip(site, head):
    """Sends its head, then a byte a second."""
    reader, writer = await site.connect()
    writer.write(head)
    while not reader.at_eof():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(1)


async def half_open(site):
    """Begins a request, and ends its own half of the connection."""
    reader, writer = await site.plain()
    writer.write(b"GET /health/live HTTP/1.1\r\nhost")
    writer.write_eof()
    await reader.read(1)
    writer.close()


async def unread(site):
    """Asks for a long page again and again, and reads nothing."""
    _, writer = await site.connect(limit=1024)
    writer.transport.pause_reading()
    for _ in range(60):
        writer.write(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.sleep(1)


async def rapid_reset(site):
    """Opens streams of HTTP/2 and cancels each at once (CVE-2023-44487), until it is cut off."""
    reader, writer = await site.connect("h2")
    writer.write(PREFACE)
    stream = 1
    while not reader.at_eof() and not writer.is_closing():
        frames = bytearray()
        for stream in range(stream, stream + 200, 2):
            number = stream.to_bytes(4, "big")
            frames += len(HEADERS).to_bytes(3, "big") + b"\x01\x05" + number + HEADERS
            frames += b"\x00\x00\x04\x03\x00" + number + b"\x00\x00\x00\x08"
        stream += 2
        writer.write(bytes(frames))
        await writer.drain()
        await asyncio.sleep(0.001)


async def crowd(kinds, ready_s=2):
    """Starts everyone, some at a time."""
    tasks = []
    for number, kind in enumerate(kinds):
        tasks.append(asyncio.create_task(again(kind)))
        if number % 200 == 199:
            await asyncio.sleep(0.02)
    await asyncio.sleep(ready_s)
    return tasks


def attacks(site, idlers):
    body = b"POST /search HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n"
    kinds = {
        "idle connections": [lambda: idle(site)] * idlers,
        "slow heads": [lambda: drip(site, b"GET /health/live HTTP/1.1\r\nhost: x\r\nx: ")] * 500,
        "slow bodies": [lambda: drip(site, body)] * 500,
        "half-open": [lambda: half_open(site)] * 500,
        "unread answers": [lambda: unread(site)] * 200,
    }
    if site.tls:
        kinds["rapid resets"] = [lambda: rapid_reset(site)] * 20
    return kinds


async def attack(site, kinds):
    """Is the crowd, in a process of its own, until it is ended; says when everyone is there."""
    everyone = await crowd(kinds)
    print("ready", flush=True)
    await asyncio.gather(*everyone)


async def attacked(options, name):
    """The crowd's process, once everyone is there. It is the last to get the machine: its work is no server's in the field."""
    arguments = [__file__, "--url", options.url, "--idle", str(options.idle), "--attack", name]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, preexec_fn=lambda: os.nice(10)
    )
    await process.stdout.readline()
    return process


async def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--attack", help="be the one crowd of this name, and measure nothing")
    options = parser.parse_args()
    site = Site(options.url)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, options.idle + 1_000)), hard))
    if options.attack:
        return await attack(site, attacks(site, options.idle)[options.attack])

    quiet = await probe(site, options.seconds)
    failed = report("quiet", quiet, quiet, await newcomer(site))
    for name in attacks(site, options.idle):
        process = await attacked(options, name)
        new = await newcomer(site)
        try:
            latencies = await probe(site, options.seconds)
        except (OSError, asyncio.IncompleteReadError):
            latencies = [float("inf")]
        process.kill()
        await process.wait()
        failed |= report(name, latencies, quiet, new)
    return 1 if failed else 0


def report(name, latencies, quiet, new):
    p50, p99 = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
    late = p99 > max(2 * quiet[len(quiet) * 99 // 100], LIMIT_S) or new > NEWCOMER_S
    told = f"p50 {p50 * 1e3:7.2f} ms  p99 {p99 * 1e3:7.2f} ms  newcomer {new * 1e3:7.2f} ms"
    print(f"{name:18} {len(latencies):6} requests  {told}{'  TOO LATE' if late else ''}", flush=True)
    return late


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
