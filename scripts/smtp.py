#!/usr/bin/env python3
"""A mail server for tests, played by aiosmtpd on a free port of this machine: it prints its port, then each message that it took as a line of JSON.

A message to an address that begins with `later` is refused for now, one that begins with `never` for good. aiosmtpd comes from PyPI in
pinned versions (scripts/smtp.txt) into target/smtp, at the first run; nothing else is touched."""

import email
import email.policy
import json
import os
import socket
import sys
import threading
from pathlib import Path

from pinned import installed


def main():
    program = installed("smtp", "python")
    if Path(sys.executable) != program:
        os.execv(program, [program, __file__])
    serve()


def serve():
    from aiosmtpd.controller import Controller

    class Taker:
        async def handle_RCPT(self, server, session, envelope, address, options):
            if address.startswith("later"):
                return "451 come back later"
            if address.startswith("never"):
                return "550 there is no such mailbox"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server, session, envelope):
            message = email.message_from_bytes(envelope.content, policy=email.policy.default)
            said = {name: str(message[name]) for name in ("From", "To", "Subject", "Message-ID")}
            print(json.dumps({**said, "rcpt": envelope.rcpt_tos, "text": message.get_content()}), flush=True)
            return "250 taken"

    # The controller calls itself once, so that it has to be told a port that is free.
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    Controller(Taker(), hostname="127.0.0.1", port=port).start()
    print(port, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
