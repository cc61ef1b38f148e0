"""A real HTTP server on this machine that keeps what it is sent and answers as a test wants."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """`answers` are (status, headers) in turn, the last one for ever; `delay` seconds before each, `trickle` seconds
    between the bytes of it."""

    answers: list[tuple[int, dict[str, str]]] = field(default_factory=lambda: [(204, {})])
    delay: float = 0.0
    trickle: float = 0.0
    port: int = 0
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?room=1"


@contextlib.contextmanager
def listening() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            answers = receiver.answers
            status, headers = answers.pop(0) if len(answers) > 1 else answers[0]
            time.sleep(receiver.delay)
            lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
            data = "\r\n".join(lines).encode()
            with contextlib.suppress(OSError):
                for sign in data if receiver.trickle else [data]:
                    self.wfile.write(bytes([sign]) if receiver.trickle else data)
                    time.sleep(receiver.trickle)
            self.close_connection = True

        def log_message(self, *args: object) -> None:
            """Not into the test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
