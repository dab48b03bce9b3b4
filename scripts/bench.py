#!/usr/bin/env python3
"""The first benchmark: ratios within one run, CPU of every process counted. Writes bench/REPORT.md.

Starts its own server (release build) on the embedded Postgres in a folder that is thrown away, loads it with wrk, and runs the same
statements with pgbench beside it. Needs `make build`; wrk is a Debian package.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / "target/release/wardgraph"
POSTGRES = ROOT / ".cache/postgres/current/bin"
SECONDS = int(os.environ.get("BENCH_SECONDS", "8"))
CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", "4"))
NODES = int(os.environ.get("BENCH_NODES", "5000"))
TICK = os.sysconf("SC_CLK_TCK")


def fail(message):
    sys.exit(f"bench: {message}")


def cpu_seconds(pid):
    """User and system time of a process, its threads included."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK
    except OSError:
        return 0.0


def children(pid):
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    return [int(child) for child in found]


def postgres_cpu(postmaster):
    return cpu_seconds(postmaster) + sum(cpu_seconds(child) for child in children(postmaster))


class Server:
    def __init__(self, folder, model="wordllama"):
        environment = dict(os.environ, WARDGRAPH_EMBEDDING__MODEL=model, WARDGRAPH_LOG__FILTER="warn")
        for name in ("READ", "SEARCH", "NODE_WRITE", "ITEMS", "STRANGER"):
            environment[f"WARDGRAPH_LIMITS__{name}_BURST"] = "1000000"
            environment[f"WARDGRAPH_LIMITS__{name}_SUSTAINED"] = "1000000"
        self.folder = folder
        self.environment = environment
        began = time.monotonic()
        command = [BINARY, "serve", "--data-dir", folder, "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.started_s = time.monotonic() - began
        found = re.search(r"listening on (http://\S+)", line)
        if not found:
            fail("the server did not start")
        self.url = found.group(1)
        self.postmaster = int((pathlib.Path(folder) / "postgres/pgdata/postmaster.pid").read_text().split()[0])

    def token(self, tenant):
        command = [BINARY, "token", "mint", "--data-dir", self.folder, "--tenant", tenant, "--scopes", "kg:read,kg:write,search:read,events:read", "--ttl", "86400"]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout.strip()

    def call(self, method, path, token, body=None):
        request = urllib.request.Request(self.url + path, method=method, data=json.dumps(body).encode() if body is not None else None)
        request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def wait_for_vectors(self, token):
        """Until every node of the tenant has its vector."""
        cursor = ""
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            page = self.call("GET", f"/nodes?limit=1000{cursor}", token)
            if any(node["embedding_status"] == "queued" for node in page["nodes"]):
                time.sleep(0.5)
            elif page["next_cursor"]:
                cursor = f"&cursor={page['next_cursor']}"
            else:
                return
        fail("the vectors did not come")

    def memory_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


def wrk(server, path, token=None, method="GET", body=None, headers=()):
    """Requests a second, p50 and p99 in ms, and CPU microseconds a request of server and Postgres."""
    script = tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False)
    script.write(f'wrk.method = "{method}"\n')
    if body is not None:
        script.write(f"wrk.body = [==[{json.dumps(body)}]==]\n")
    if token:
        script.write(f'wrk.headers["Authorization"] = "Bearer {token}"\n')
    script.close()
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", "--latency", "-s", script.name]
    subprocess.run([*command, "-d2s", server.url + path], capture_output=True, check=True)
    before = (cpu_seconds(server.process.pid), postgres_cpu(server.postmaster))
    out = subprocess.run([*command, f"-d{SECONDS}s", server.url + path], capture_output=True, text=True, check=True).stdout
    after = (cpu_seconds(server.process.pid), postgres_cpu(server.postmaster))
    os.unlink(script.name)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if refused:
        fail(f"{method} {path}: {refused.group(1)} answers were refusals")
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    percentile = lambda p: milliseconds(re.search(rf"{p}%\s+(\S+)", out).group(1))
    return {
        "rate": float(re.search(r"Requests/sec:\s+(\S+)", out).group(1)),
        "p50": percentile(50),
        "p99": percentile(99),
        "server_us": (after[0] - before[0]) / requests * 1e6,
        "postgres_us": (after[1] - before[1]) / requests * 1e6,
    }


def milliseconds(text):
    number, unit = re.match(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def pgbench(server, script):
    """The same statements, straight at Postgres, as the same role, with as many connections, pipelined."""
    path = tempfile.NamedTemporaryFile("w", suffix=".sql", delete=False)
    path.write(script)
    path.close()
    password = (pathlib.Path(server.folder) / "secrets/wardgraph_app.password").read_text()
    environment = dict(os.environ, PGPASSWORD=password, PGOPTIONS="-c search_path=wardgraph,public -c jit=off")
    command = [
        POSTGRES / "pgbench", "-n", "-h", f"{server.folder}/postgres/socket", "-U", "wardgraph_app", "-M", "prepared",
        "-c", str(CONNECTIONS), "-j", "1", "-T", str(SECONDS), "-f", path.name, "postgres",
    ]
    out = subprocess.run(command, env=environment, capture_output=True, text=True)
    os.unlink(path.name)
    found = re.search(r"tps = ([\d.]+)", out.stdout)
    if not found:
        fail(f"pgbench: {out.stderr}")
    return float(found.group(1))


def load(server, token):
    """Nodes of one tenant with text, each with its vector."""
    words = "river stone cloud engine market garden signal winter paper bridge copper forest window planet ocean machine letter music shadow silver".split()
    ids = []
    for start in range(0, NODES, 500):
        items = range(start, min(start + 500, NODES))
        text = lambda n: " ".join(words[(n * step) % len(words)] for step in (1, 3, 7, 11, 13)) + f" {n}"
        nodes = [{"classes": ["Bench"], "props": {"text": text(n), "n": n}} for n in items]
        ids += [result["id"] for result in server.call("POST", "/nodes/batch", token, {"nodes": nodes})["results"]]
    server.wait_for_vectors(token)
    return ids


def main():
    for tool in (BINARY, POSTGRES / "pgbench"):
        if not tool.exists():
            fail(f"{tool} is missing: run `make build`")
    if not shutil.which("wrk"):
        fail("wrk is missing: apt-get install wrk")
    folder = tempfile.mkdtemp(prefix="wardgraph-bench-")
    os.chmod(folder, 0o711)
    server = Server(folder)
    try:
        report(server)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def report(server):
    idle_mb = server.memory_mb()
    token = server.token("bench")
    ids = load(server, token)
    node = ids[len(ids) // 2]
    vector = [((n * 37) % 101 - 50) / 50 for n in range(256)]
    rows = {
        "live": wrk(server, "/health/live"),
        "whoami": wrk(server, "/api/v1/whoami", token),
        "node": wrk(server, f"/nodes/{node}", token),
        "search": wrk(server, "/search", token, "POST", {"vector": vector, "top_k": 10}),
        "hybrid": wrk(server, "/search", token, "POST", {"query": "river bridge in winter", "top_k": 10}),
        "create": wrk(server, "/nodes", token, "POST", {"classes": ["Bench"], "props": {"n": 1}}),
    }
    tenant = "begin;\nset local app.current_tenant_id = 'bench';\n"
    columns = "tenant_id, node_id, external_id, classes, props, payload_ref, metadata, refresh_policy, triggers, version, embedding_status, created_at, updated_at"
    point = f"\\startpipeline\n{tenant}select {columns} from nodes where tenant_id = any(array['bench', '*']) and node_id = '{node}';\ncommit;\n\\endpipeline\n"
    literal = "[" + ",".join(str(x) for x in vector) + "]"
    near = (
        f"{tenant}select e.node_id, e.embedding <=> '{literal}'::vector as distance from embeddings e "
        "where e.tenant_id = any(array['bench', '*']) and e.model = 'wordllama-256' order by distance limit 10;\ncommit;\n"
    )
    baseline = {"node": pgbench(server, point), "search": pgbench(server, near)}
    text = render(server, rows, baseline, idle_mb)
    (ROOT / "bench").mkdir(exist_ok=True)
    (ROOT / "bench/REPORT.md").write_text(text)
    print(text)


def render(server, rows, baseline, idle_mb):
    names = {
        "live": "GET /health/live", "whoami": "GET /api/v1/whoami", "node": "GET /nodes/{id}", "search": "POST /search, ready vector, top 10",
        "hybrid": "POST /search, text, hybrid (model included)", "create": "POST /nodes (no text)",
    }
    lines = [
        "# Benchmark", "",
        f"One run of `make bench`: wrk with {CONNECTIONS} connections and one thread, {SECONDS} s each, on the {os.cpu_count()} cores that server, Postgres and",
        f"load generator share; one tenant of {NODES} nodes; limits raised; model `wordllama`. CPU is the process's own, user and system. Numbers of",
        "different runs are not comparable; ratios within one are.", "",
        "| request | a second | p50 ms | p99 ms | server CPU us | Postgres CPU us |", "|---|---|---|---|---|---|",
    ]
    for key, name in names.items():
        row = rows[key]
        lines.append(f"| {name} | {row['rate']:,.0f} | {row['p50']:.2f} | {row['p99']:.2f} | {row['server_us']:.0f} | {row['postgres_us']:.0f} |")
    price = rows["whoami"]["server_us"] - rows["live"]["server_us"]
    lines += [
        "", "| ratio | measured | wanted |", "|---|---|---|",
        f"| verifying, deciding and counting: whoami's server CPU over live's | {price:.1f} us | at most 10 us |",
        f"| whoami's throughput to live's | {rows['whoami']['rate'] / rows['live']['rate']:.2f} | 0.6 |",
        f"| `GET /nodes/{{id}}`: server CPU | {rows['node']['server_us']:.0f} us | at most 60 us |",
        f"| `GET /nodes/{{id}}` to pgbench with the same pipelined transaction ({baseline['node']:,.0f}/s) | {rows['node']['rate'] / baseline['node']:.2f} | 0.45 |",
        f"| `/search` with a ready vector to pgbench with the same exact query ({baseline['search']:,.0f}/s) | {rows['search']['rate'] / baseline['search']:.2f} | 0.7 |",
        "", f"Server memory: {idle_mb:.0f} MB after start (model `wordllama` included), {server.memory_mb():.0f} MB after the load.",
        f"Start to ready on the embedded Postgres, first start with a new cluster: {server.started_s:.1f} s.", "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
