"""Load from outside, and the CPU that each process spends on a request of it."""

import base64
import json
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Sequence
from urllib.parse import quote_plus, urlencode

from .machine import POSTGRES, BenchError, Cpu, cpu, postgres_cpu
from .server import Server


class Target(Protocol):
    """Something that is asked over HTTP: where, by which process, and with whose Postgres, if it has one (its process id, or 0)."""

    url: str
    pid: int
    postmaster: int


@dataclass(frozen=True)
class Request:
    """What wrk sends."""

    method: str
    path: str
    token: str = ""
    body: object = None
    form: dict[str, str] | None = None
    """Sent instead of `body`, as forms are."""
    basic: tuple[str, str] | None = None
    """A client's id and secret, instead of a token (RFC 6749, section 2.3.1)."""

    def line(self) -> str:
        authorization = f"Bearer {self.token}" if self.token else ""
        if self.basic:
            authorization = "Basic " + base64.b64encode(":".join(map(quote_plus, self.basic)).encode()).decode()
        kind, body = "", "" if self.body is None else json.dumps(self.body)
        if self.form is not None:
            kind, body = "application/x-www-form-urlencoded", urlencode(self.form)
        return f"{self.method}\t{self.path}\t{authorization}\t{kind}\t{body}\n"


@dataclass(frozen=True)
class Sample:
    """One round of load: CPU is of one request, in microseconds."""

    rate: float
    p50_ms: float
    p99_ms: float
    server: Cpu
    postgres: Cpu
    client: Cpu
    refused: int = 0


@dataclass(frozen=True)
class Script:
    """What pgbench runs; `:name` in it is a parameter of the prepared statement."""

    text: str
    parameters: dict[str, str] = field(default_factory=dict)


# Raw requests are made once, before the clock runs; a single one costs wrk nothing afterwards.
SCRIPT = """
local requests, at = {}, 0
function init(args)
  for line in io.lines(args[1]) do
    local method, path, authorization, kind, body = line:match("^([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t(.*)$")
    local headers = {}
    if authorization ~= "" then headers["Authorization"] = authorization end
    if kind ~= "" then headers["Content-Type"] = kind end
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
"""


def milliseconds(text: str) -> float:
    """A time as wrk writes it."""
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m|h)", text)
    if not found:
        raise BenchError(f"wrk wrote a time that is none: {text}")
    return float(found.group(1)) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0, "h": 3_600_000.0}[found.group(2)]


def parse_wrk(out: str, refusals: bool = False) -> tuple[int, float, float, float, int]:
    """Requests, requests a second, p50 and p99 in ms, and how many answers were refusals. Whoever wants `refusals` may be hung up on."""
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    if broken and not refusals and any(int(count) for count in broken.groups()):
        raise BenchError(f"wrk: {broken.group(0)}")
    requests, rate = re.search(r"(\d+) requests in", out), re.search(r"Requests/sec:\s+(\S+)", out)
    p50, p99 = (re.search(rf"^\s+{share}%\s+(\S+)", out, re.MULTILINE) for share in (50, 99))
    if not (requests and rate and p50 and p99) or requests.group(1) == "0":
        raise BenchError(f"wrk said nothing of its requests: {out}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    count = int(refused.group(1)) if refused else 0
    return int(requests.group(1)), float(rate.group(1)), milliseconds(p50.group(1)), milliseconds(p99.group(1)), count


def run(command: Sequence[object], environment: dict[str, str] | None = None) -> tuple[str, Cpu]:
    """A program's output, and the CPU that it used."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen([str(part) for part in command], env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdout
        out = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        if process.returncode != 0:
            raise BenchError(f"{Path(str(command[0])).name}: {errors.read() or out}")
    return out, Cpu(used.ru_utime, used.ru_stime)


def each(used: Cpu, requests: int) -> Cpu:
    """Microseconds of one request."""
    return Cpu(used.user / requests * 1e6, used.system / requests * 1e6)


def spent_by(server: Target) -> tuple[Cpu, Cpu]:
    """What its process used so far, and its Postgres."""
    return cpu(server.pid), postgres_cpu(server.postmaster) if server.postmaster else Cpu()


def wrk(server: Target, requests: Sequence[Request], seconds: float, connections: int = 4, refusals: bool = False) -> Sample:
    """The requests in turn, over `connections` kept open. Anything but success is an error, unless `refusals` are wanted."""
    with tempfile.TemporaryDirectory(prefix="wardgraph-bench-") as folder:
        lines, script = Path(folder, "requests"), Path(folder, "rotate.lua")
        lines.write_text("".join(request.line() for request in requests))
        script.write_text(SCRIPT)
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "30s", "--latency", "-s", script, server.url, "--", lines]
        before = spent_by(server)
        out, client = run(command)
        after = spent_by(server)
    count, rate, p50, p99, refused = parse_wrk(out, refusals)
    if refused and not refusals:
        raise BenchError(f"{requests[0].method} {requests[0].path}: {refused} of {count} answers were refusals")
    spent = (each(later - earlier, count) for earlier, later in zip(before, after))
    return Sample(rate, p50, p99, *spent, each(client, count), refused)


def parse_pgbench(out: str) -> tuple[int, float, float]:
    """Transactions, transactions a second, mean latency in ms."""
    count = re.search(r"transactions actually processed: (\d+)", out)
    rate, latency = re.search(r"tps = ([\d.]+)", out), re.search(r"latency average = ([\d.]+) ms", out)
    if not (count and rate and latency):
        raise BenchError(f"pgbench said nothing of its transactions: {out}")
    return int(count.group(1)), float(rate.group(1)), float(latency.group(1))


def named(text: str, number: int) -> str:
    """pgbench's variables are shared by all scripts: the ones of script `number`. A cast is none."""
    return re.sub(r"(?<!:):([a-z]+)\b", rf":\g<1>_{number}", text)


def pgbench(server: Server, scripts: Sequence[Script], seconds: float, connections: int = 4) -> Sample:
    """The same statements, straight at Postgres: as the same role, prepared, with as many connections. Scripts are drawn at random."""
    with tempfile.TemporaryDirectory(prefix="wardgraph-bench-") as folder:
        files: list[object] = []
        for number, script in enumerate(scripts):
            path = Path(folder, f"{number}.sql")
            path.write_text(named(script.text, number))
            files += ["-f", path]
            for name, value in script.parameters.items():
                files += ["-D", f"{name}_{number}={value}"]
        environment = dict(os.environ, PGPASSWORD=server.password("wardgraph_app"), PGOPTIONS=server.session)
        command = [
            POSTGRES / "pgbench", "-n", "-h", server.socket, "-U", "wardgraph_app", "-M", "prepared",
            "-c", connections, "-j", 1, "-T", max(1, round(seconds)), *files, "postgres",
        ]
        before = postgres_cpu(server.postmaster)
        out, client = run(command, environment)
        used = postgres_cpu(server.postmaster) - before
    count, rate, latency = parse_pgbench(out)
    return Sample(rate, latency, latency, Cpu(), each(used, count), each(client, count))


def pipelined(tenant: str, statement: str, plan: str = "", indexed: bool = False) -> str:
    """The statement in the transaction that the server sends it in, as one flight; `plan` is `custom`, `generic` or as Postgres sees fit, `indexed`
    that an index which brings rows in order is used wherever there is one."""
    plan = f"set local plan_cache_mode = force_{plan}_plan;\n" if plan else ""
    plan += "set local enable_sort = off;\n" if indexed else ""
    return (
        f"\\startpipeline\nbegin read only;\nset local app.current_tenant_id = '{tenant}';\n{plan}{statement};\ncommit;\n\\endpipeline\n"
    )
