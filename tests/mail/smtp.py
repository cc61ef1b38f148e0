"""A mail server of one thread for tests: keeps what it takes and answers what it is told to."""

import socketserver
import threading
from dataclasses import dataclass, field


@dataclass
class Mailbox:
    """`answers` replaces the answer to a command: {"RCPT": "550 5.1.1 no such user"}. `messages` are the bytes taken."""

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    messages: list[bytes] = field(default_factory=list)


def serve(box: Mailbox) -> socketserver.ThreadingTCPServer:
    """Start a server for `box` on a free port of 127.0.0.1; the caller shuts it down."""

    class Session(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say("220 test")
            while line := self.rfile.readline():
                verb = line.split()[0].decode().upper() if line.split() else ""
                if verb == "DATA":
                    self.take()
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say(box.answers.get(verb, "250 ok"))

        def take(self) -> None:
            self.say("354 go on")
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line.removeprefix(b"."))
            if "DATA" not in box.answers:
                box.messages.append(b"".join(lines))
            self.say(box.answers.get("DATA", f"250 2.0.0 queued as {len(box.messages)}"))

    socketserver.ThreadingTCPServer.allow_reuse_address = True
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
    server.daemon_threads = True
    box.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server
