#!/usr/bin/env python3
"""Hold a server to its own API description: schemathesis makes requests of /openapi.json, good and bad, and no answer may be a fault of
the server or anything that the description does not know. As a person who signed in, with a token that may do everything, with one that may read
nodes, with none.

    python3 contract.py                 some 150 cases for each endpoint and caller
    python3 contract.py --cases 10      to try it
    BENCH_BINARY=../target/debug/wardgraph python3 contract.py
"""

import argparse
import subprocess
import sys
from pathlib import Path

from bench.server import Server
from pinned import installed

HERE = Path(__file__).resolve().parent
EVERYTHING = "kg:read,kg:write,search:read,events:read,system:read,shared:write,admin:refresh,metrics:read,ask:read"
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance", "response_schema_conformance",
    "negative_data_rejection", "unsupported_method", "ignored_auth",
)
WITHIN_S = 3600
# What would end the very session that asks: everything after it would be 401.
ENDS = ("Logout", "EndSessions", "DeleteMe")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=150, help="cases for each endpoint and caller")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    program = installed("schemathesis", "schemathesis")
    failed = []
    with Server() as server:
        callers = {"a person": server.person("grace@example.com"), "everything": server.local_token("acme", EVERYTHING), "nodes:read alone": server.local_token("acme", "nodes:read"), "no token": None}
        for name, bearer in callers.items():
            print(f"== {name}", flush=True)
            command = [program, "--config-file", HERE / "schemathesis.toml", "run", f"{server.url}/openapi.json", "--checks", ",".join(CHECKS), "--max-examples", str(arguments.cases)]
            command += ["--seed", str(arguments.seed), "--phases", "examples,coverage,fuzzing", "--generation-database", "none", "--continue-on-failure", "--no-color"]
            command += ["--header", f"Authorization: Bearer {bearer}"] if bearer else []
            command += [part for operation in ENDS for part in ("--exclude-operation-id", operation)] if name == "a person" else []
            if subprocess.run(command, timeout=WITHIN_S, check=False).returncode != 0:
                failed.append(name)
    if failed:
        sys.exit(f"contract.py: the server does not keep to its description: {', '.join(failed)}")


if __name__ == "__main__":
    main()
