#!/usr/bin/env python3
"""Amazon's Secrets Manager for tests, played by moto on a free port of this machine: it prints the port's address on standard error.

moto comes from PyPI in pinned versions (scripts/moto.txt) into target/moto, at the first run; nothing else is touched."""

import fcntl
import os
import subprocess
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINNED = Path(__file__).resolve().parent / "moto.txt"


def main():
    program = installed()
    os.execv(program, [program, "-H", "127.0.0.1", "-p", "0"])


def installed() -> Path:
    """The program, in a folder of its own, of the pinned versions. Of two runs at once, one installs."""
    folder = ROOT / "target/moto"
    program, stamp = folder / "bin/moto_server", folder / "stamp"
    wanted = PINNED.read_text()
    folder.parent.mkdir(exist_ok=True)
    with (ROOT / "target/moto.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            venv.create(folder, clear=True, with_pip=True)
            subprocess.run([folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", PINNED], check=True)
            stamp.write_text(wanted)
    return program


if __name__ == "__main__":
    main()
