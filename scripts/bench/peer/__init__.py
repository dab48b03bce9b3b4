"""The peer of the OAuth measurement, oidc-provider on Node: started on a free port, stopped by its process."""

import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from ..machine import CACHE, BenchError

HERE = Path(__file__).parent
PLACE = CACHE / "peer"
SECRET = "bench-secret-bench-secret-bench-00"
OLDEST_NODE = 20


class Peer:
    """Use it with `with`. It keeps nothing but in memory, and has no Postgres."""

    postmaster = 0

    def __enter__(self) -> "Peer":
        self.node = node()
        if not (PLACE / "node_modules/oidc-provider").is_dir():
            raise BenchError("oidc-provider is missing: run `make setup-bench`")
        self.folder = Path(tempfile.mkdtemp(prefix="wgb-peer-"))
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        # Modules are looked for beside the program that asks for them.
        shutil.copy(HERE / "server.mjs", self.folder)
        (self.folder / "node_modules").symlink_to(PLACE / "node_modules")
        keys = self.folder / "keys.json"
        keys.write_text(subprocess.run([self.node, HERE / "keys.mjs"], capture_output=True, text=True, check=True).stdout)
        self.log = open(self.folder / "log", "w+")
        command = [self.node, "server.mjs", free_port(), SECRET, keys]
        self.process = subprocess.Popen(
            [str(part) for part in command], cwd=self.folder, env={"NODE_ENV": "production", "PATH": "/usr/bin:/bin"}, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        self.pid = self.process.pid
        assert self.process.stdout
        found = re.search(r"listening on (http://\S+)", self.process.stdout.readline())
        if not found:
            self.log.seek(0)
            raise BenchError(f"oidc-provider did not start: {self.log.read()[-2000:]}")
        self.url = found.group(1)

    def __exit__(self, *_: object) -> None:
        if process := getattr(self, "process", None):
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            process.stdout.close()
            self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def node() -> str:
    """Node, if it is new enough for oidc-provider."""
    found = shutil.which("node")
    if not found:
        raise BenchError("node is missing")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(said.lstrip("v").split(".")[0]) < OLDEST_NODE:
        raise BenchError(f"oidc-provider needs Node {OLDEST_NODE} or newer; this is {said}")
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
