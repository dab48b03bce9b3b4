"""A server of our own: started on a free port in a folder that is thrown away, stopped by its process."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .machine import BINARY, CACHE, POSTGRES, BenchError

SECRET = "a secret of benchmarks, known to everyone who reads this"
PASSWORD = "vowel-otter-sixteen-lamp"
SCOPES = "nodes:read nodes:write edges:read edges:write search:read events:read"
LIMITS = ("READ", "SEARCH", "NODE_WRITE", "ITEMS", "AUTH", "CLIENT", "STRANGER", "STRANGER_SEARCH", "STRANGER_AUTH", "STRANGER_CLIENT")
READY_WITHIN_S = 120
STOPPED_WITHIN_S = 60
DIMENSIONS = {"minilm": 384, "wordllama": 256}
MODEL_IDS = {"minilm": "all-MiniLM-L6-v2-int8", "wordllama": "wordllama-256"}


def token(tenant: str, scopes: str = SCOPES) -> str:
    """A token of the outside issuer that every server of ours believes; good for a day."""
    now = int(time.time())
    claims = {"sub": "bench", "tenant_id": tenant, "scope": scopes, "aud": "activekg", "iat": now, "exp": now + 86_400}
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    return f"{signed}.{_base64(hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256))}"


def _part(value: object) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


class Server:
    """`wardgraph serve` on its private Postgres, or on that of another server (`beside`). Use it with `with`."""

    session = "-c search_path=wardgraph,public -c jit=off -c max_parallel_workers_per_gather=0 -c hnsw.iterative_scan=relaxed_order -c hnsw.ef_search=400"
    """What the server sets on its own connections (crates/store/src/connection.rs)."""

    def __init__(self, model: str = "wordllama", beside: "Server | None" = None, limits: bool = False, **settings: str):
        self.model = model
        self.dimensions, self.model_id = DIMENSIONS[model], MODEL_IDS[model]
        self.beside = beside
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("WARDGRAPH_", "JWT_", "ACTIVEKG_"))}
        self.environment.pop("DATABASE_URL", None)
        self.environment |= {
            "WARDGRAPH_CACHE_DIR": str(CACHE), "WARDGRAPH_EMBEDDING__MODEL": model, "WARDGRAPH_LOG__FILTER": "warn", "JWT_SECRET_KEY": SECRET, "JWT_ALGORITHM": "HS256", **settings,
        }
        if not limits:
            for name in LIMITS:
                self.environment |= {f"WARDGRAPH_LIMITS__{name}_{pace}": "1000000" for pace in ("BURST", "SUSTAINED")}
        self.folder = Path(tempfile.mkdtemp(prefix="wgb-"))
        self.folder.chmod(0o711)  # under root, Postgres runs as another account, which must get there
        self.data = self.folder / "data"
        self.process: subprocess.Popen[str] | None = None
        self.ready_s = 0.0

    def __enter__(self) -> "Server":
        try:
            if self.beside:
                shutil.copytree(self.beside.data / "secrets", self.data / "secrets")
                password = self.beside.superuser_password()
                self.environment["DATABASE_URL"] = f"host={self.beside.socket} user=wardgraph_superuser password={password} dbname=postgres"
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Until it says that it listens; `ready_s` is how long that took."""
        began = time.monotonic()
        command = [BINARY, "serve", "--data-dir", self.data, "--listen", "127.0.0.1:0"]
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True)
        log.close()
        assert self.process.stdout
        found = re.search(r"listening on (http://\S+)", self.process.stdout.readline())
        self.ready_s = time.monotonic() - began
        if not found:
            raise BenchError(f"the server did not start: {self.log()[-2000:]}")
        self.url = found.group(1)
        self.pid = self.process.pid
        home = self.beside.data if self.beside else self.data
        self.socket = home / "postgres/socket"
        self.postmaster = int((home / "postgres/pgdata/postmaster.pid").read_text().split()[0])

    def stop(self) -> None:
        if not self.process:
            return
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise BenchError(f"the server did not stop within {STOPPED_WITHIN_S} s") from None
        finally:
            assert process.stdout
            process.stdout.close()

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def password(self, role: str) -> str:
        return (self.data / f"secrets/{role}.password").read_text().strip()

    def superuser_password(self) -> str:
        return (self.data / "postgres/password").read_text().strip()

    def system_token(self) -> str:
        """A token for `/metrics`: no outside issuer may give that."""
        return self.local_token("operator", "system:read")

    def local_token(self, tenant: str, scopes: str) -> str:
        """A token that the server's own key signs: it may carry any scope. Scopes are separated by commas."""
        command = [BINARY, "token", "mint", "--local", "--data-dir", self.data, "--tenant", tenant, "--scopes", scopes, "--ttl", "86400"]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout.strip()

    def person(self, email: str) -> str:
        """An access token of somebody who registered and signed in."""
        with Client(self) as client:
            client.call("POST", "/api/v1/auth/register", "", {"email": email, "password": PASSWORD, "name": "Grace Hopper"})
            return client.call("POST", "/api/v1/auth/login", "", {"email": email, "password": PASSWORD})["access_token"]

    def sql(self, script: str) -> list[list[str]]:
        """Runs a script as the superuser, past every policy, and brings the rows that it prints."""
        home = self.beside or self
        environment = dict(os.environ, PGPASSWORD=home.superuser_password(), PGOPTIONS=self.session)
        command = [POSTGRES / "psql", "-X", "-q", "-At", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", self.socket, "-U", "wardgraph_superuser", "postgres"]
        done = subprocess.run(command, env=environment, input=script, capture_output=True, text=True)
        if done.returncode != 0:
            raise BenchError(f"psql: {done.stderr.strip()[-2000:]}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def metrics(self, bearer: str) -> dict[str, float]:
        """Every series and its value."""
        with Client(self) as client:
            return parse_metrics(client.text("GET", "/metrics", bearer))


def knows(setting: str) -> bool:
    """Whether the server has a setting of this name."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WARDGRAPH_")}
    return setting in subprocess.run([BINARY, "config"], env=environment, capture_output=True, text=True).stdout


def parse_metrics(text: str) -> dict[str, float]:
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


REST_S = 20
"""The server hangs up on a connection that rests for 30 s."""


class Client:
    """One kept connection to a server."""

    def __init__(self, server: Server):
        address = urlsplit(server.url)
        self.connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        self.used = time.monotonic()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def send(self, method: str, path: str, bearer: str, body: bytes | None = None) -> tuple[int, bytes]:
        if time.monotonic() - self.used > REST_S:
            self.connection.close()
        self.connection.request(method, path, body, {"Authorization": f"Bearer {bearer}"} if bearer else {})
        answer = self.connection.getresponse()
        content = answer.read()
        self.used = time.monotonic()
        return answer.status, content

    def text(self, method: str, path: str, bearer: str, body: object = None) -> str:
        status, answer = self.send(method, path, bearer, None if body is None else json.dumps(body).encode())
        if not 200 <= status < 300:
            raise BenchError(f"{method} {path} was answered {status}: {answer[:500].decode(errors='replace')}")
        return answer.decode()

    def call(self, method: str, path: str, bearer: str, body: object = None) -> Any:
        return json.loads(self.text(method, path, bearer, body))


def wait_until_embedded(server: Server, tenant: str, within_s: float = 900) -> None:
    """Until no node of the tenant waits for its vector."""
    deadline = time.monotonic() + within_s
    # A job goes in the transaction that keeps its vector.
    question = f"select exists (select from jobs where tenant_id = '{tenant}' and kind = 'embed' and not dead);"
    while server.sql(question) != [["f"]]:
        if time.monotonic() > deadline:
            raise BenchError(f"the vectors of {tenant} did not come within {within_s:.0f} s")
        time.sleep(0.2)
