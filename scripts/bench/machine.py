"""Where programs lie, and what the kernel tells of processes: CPU and memory."""

import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
BINARY = Path(os.environ.get("BENCH_BINARY", ROOT / "target/release/wardgraph")).resolve()
THROUGHPUT = ROOT / "target/release/examples/throughput"
PASSWORDS = ROOT / "target/release/examples/passwords"
SIGNATURES = ROOT / "target/release/examples/signatures"
RACE = ROOT / "oracle/target/release/race"
POSTGRES = CACHE / "postgres/current/bin"
TICK = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """Something a person must put right; the message says what."""


def check_tools():
    """Refuses with the way to mend it, before anything is started."""
    for tool, mend in ((BINARY, "make build"), (POSTGRES / "pgbench", "make setup"), (POSTGRES / "psql", "make setup")):
        if not tool.exists():
            raise BenchError(f"{tool} is missing: run `{mend}`")
    if not shutil.which("wrk"):
        raise BenchError("wrk is missing: run `make setup-bench`, or `apt-get install wrk`")


@dataclass(frozen=True)
class Cpu:
    """Seconds of a processor."""

    user: float = 0.0
    system: float = 0.0

    @property
    def total(self) -> float:
        return self.user + self.system

    def __add__(self, other: "Cpu") -> "Cpu":
        return Cpu(self.user + other.user, self.system + other.system)

    def __sub__(self, other: "Cpu") -> "Cpu":
        return Cpu(self.user - other.user, self.system - other.system)


def parse_stat(text: str, with_children: bool) -> Cpu:
    """The times of a line of /proc/PID/stat. The name in it may hold blanks and parentheses."""
    fields = text.rsplit(")", 1)[1].split()
    own = Cpu(int(fields[11]) / TICK, int(fields[12]) / TICK)
    return own + Cpu(int(fields[13]) / TICK, int(fields[14]) / TICK) if with_children else own


def cpu(pid: int, with_children: bool = False) -> Cpu:
    """What a process used so far, its threads included; nothing for one that is gone."""
    try:
        return parse_stat(Path(f"/proc/{pid}/stat").read_text(), with_children)
    except OSError:
        return Cpu()


def postgres_cpu(postmaster: int) -> Cpu:
    """What the postmaster, its living backends and those that ended used."""
    try:
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    except OSError:
        children = []
    return sum((cpu(int(child)) for child in children), cpu(postmaster, with_children=True))


def busy_share(seconds: float = 1.0) -> float:
    """How much of all processors is used, by whomever, while we wait."""

    def ticks() -> tuple[int, int]:
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]

    (total, idle), _ = ticks(), time.sleep(seconds)
    later_total, later_idle = ticks()
    return 1 - (later_idle - idle) / max(1, later_total - total)


def memory_mb(pid: int, field: str = "VmRSS") -> float:
    """Resident memory now (`VmRSS`) or at its highest (`VmHWM`)."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) / 1024 if found else 0.0
