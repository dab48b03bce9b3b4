"""Programs from PyPI in pinned versions, each in a folder of its own below target/; nothing else is touched."""

import fcntl
import subprocess
import venv
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent
TARGET = SCRIPTS.parent / "target"


def installed(name: str, program: str) -> Path:
    """Where `program` of scripts/NAME.txt is. Installed at the first asking, and when the versions change; of two askings at once, one installs."""
    folder, pins = TARGET / name, SCRIPTS / f"{name}.txt"
    stamp, wanted = folder / "stamp", pins.read_text()
    TARGET.mkdir(exist_ok=True)
    with (TARGET / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            venv.create(folder, clear=True, with_pip=True)
            options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
            subprocess.run([folder / "bin/python", "-m", "pip", "install", *options, "-r", pins], check=True)
            stamp.write_text(wanted)
    return folder / "bin" / program
