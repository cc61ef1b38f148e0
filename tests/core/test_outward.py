"""A POST outside cannot be turned against the inside."""

import socket
import time

import pytest

from core import outward
from tests.receiver import listening


@pytest.fixture
def receiver():
    with listening() as made:
        yield made


def send(url, **options):
    return outward.post(url, body=b'{"a":1}', headers={"Content-Type": "application/json"}, **options)


class TestRefused:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "10.0.0.1", "172.16.3.4", "192.168.1.1",  # noqa: S104
            "169.254.169.254", "100.64.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[fe80::1]",
            "[fc00::1]", "[::ffff:127.0.0.1]", "[::ffff:8.8.8.8]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]",
            "[2002:7f00:1::]", "[2001::1]", "[ff02::1]", "localhost",
        ],
    )  # fmt: skip
    def test_no_address_that_is_not_public(self, host):
        with pytest.raises(outward.Refused):
            send(f"https://{host}/hook", seconds=5)

    @pytest.mark.parametrize(
        "url",
        [
            "http://93.184.216.34/", "https://93.184.216.34:8443/", "https://93.184.216.34:22/", "ftp://93.184.216.34/",
            "file:///etc/passwd", "gopher://93.184.216.34/", "//93.184.216.34/", "https:///path", "https://a b.example/",
            "https://93.184.216.34/\r\nX: y", "https://me:secret@93.184.216.34/", "https://93.184.216.34:99999/", "hook", "",
            "https://93.184.216.34:0/", "https://bücher.example/", "https://[::1/",
        ],
    )  # fmt: skip
    def test_nothing_but_https_on_its_own_port(self, url):
        with pytest.raises(outward.Refused):
            send(url)

    def test_no_name_with_a_private_address_among_public_ones(self, monkeypatch):
        monkeypatch.setattr(socket, "getaddrinfo", answers("93.184.216.34", "10.0.0.7"))
        with pytest.raises(outward.Refused, match=r"10\.0\.0\.7"):
            send("https://two-answers.example/")

    def test_check_says_the_same_before_it_is_kept(self):
        outward.check("https://93.184.216.34/hook")
        with pytest.raises(outward.Refused):
            outward.check("https://169.254.169.254/latest/meta-data/")
        outward.check("http://127.0.0.1:9/", may_be_private=True)


def answers(*addresses):
    return lambda _host, port, **_options: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in addresses]


class TestPinned:
    def test_connects_to_the_address_that_was_checked_whatever_the_name_says_later(self, monkeypatch):
        """A rebinding resolver: public when asked first, private afterwards."""
        asked, connected = [], []

        def rebinding(host, port, **options):
            asked.append(host)
            return answers("93.184.216.34" if len(asked) == 1 else "127.0.0.1")(host, port)

        def connect(address, timeout):
            connected.append(address)
            raise ConnectionRefusedError

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        monkeypatch.setattr(socket, "create_connection", connect)
        with pytest.raises(outward.Unreachable):
            send("https://rebinding.example/hook")
        assert (asked, connected) == (["rebinding.example"], [("93.184.216.34", 443)])


class TestPost:
    def test_sends_body_and_headers_and_returns_the_status(self, receiver):
        answer = send(receiver.url, may_be_private=True)
        assert answer.status == 204
        ((path, headers, body),) = receiver.got
        assert (path, body) == ("/hook?room=1", b'{"a":1}')
        assert headers["content-type"] == "application/json"
        assert headers["host"] == f"127.0.0.1:{receiver.port}"
        assert headers["connection"] == "close"

    def test_follows_no_redirect(self, receiver):
        receiver.answers = [(307, {"Location": receiver.url}), (204, {})]
        assert send(receiver.url, may_be_private=True).status == 307
        assert len(receiver.got) == 1

    def test_uses_no_proxy_of_the_environment(self, receiver, monkeypatch):
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9/")
        assert send(receiver.url, may_be_private=True).status == 204

    @pytest.mark.parametrize("slowness", [{"delay": 3.0}, {"trickle": 0.2}])
    def test_gives_up_at_its_deadline_however_the_time_passes(self, receiver, slowness):
        for name, value in slowness.items():
            setattr(receiver, name, value)
        receiver.answers = [(204, {"X-Long": "x" * 100})]
        begun = time.monotonic()
        with pytest.raises(outward.Unreachable, match="no answer in time"):
            send(receiver.url, may_be_private=True, seconds=0.5)
        assert time.monotonic() - begun < 1.5

    def test_a_resolver_that_hangs_does_not_hold_it(self, monkeypatch):
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: time.sleep(3) or [])
        begun = time.monotonic()
        with pytest.raises(outward.Unreachable):
            send("https://slow-dns.example/", seconds=0.3)
        assert time.monotonic() - begun < 1.5

    def test_nobody_there_is_unreachable(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with pytest.raises(outward.Unreachable, match="ConnectionRefusedError"):
            send(f"http://127.0.0.1:{port}/", may_be_private=True)

    def test_nonsense_instead_of_http_is_unreachable(self, receiver):
        receiver.answers = [(-1, {})]
        with pytest.raises(outward.Unreachable):
            send(receiver.url, may_be_private=True)
