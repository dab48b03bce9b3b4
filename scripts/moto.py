#!/usr/bin/env python3
"""Amazon's Secrets Manager for tests, played by moto on a free port of this machine: it prints the port's address on standard error.

moto comes from PyPI in pinned versions (scripts/moto.txt) into target/moto, at the first run; nothing else is touched."""

import os

from pinned import installed


def main():
    program = installed("moto", "moto_server")
    os.execv(program, [program, "-H", "127.0.0.1", "-p", "0"])


if __name__ == "__main__":
    main()
