"""The vocabulary of these tests: a bank of one's own (the real program, on a free port), shops at it (the official
SDK, unmodified), and an address that is told."""

import http.server
import itertools
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time
import urllib.request

import pytest
import stripe

PROGRAM = os.environ.get(
    "MOCK_GATEWAY_BIN", str(pathlib.Path(__file__).parents[3] / "target/debug/mock_gateway")
)

SALE = {
    "amount": 1999,
    "currency": "usd",
    "payment_method": "pm_card_visa",
    "payment_method_types": ["card"],
    "confirm": True,
}
HOLD = {**SALE, "capture_method": "manual"}


def until(what, is_so):
    """Asks again until it is so, for at most ten seconds."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        answer = is_so()
        if answer:
            return answer
        time.sleep(0.01)
    raise AssertionError(f"never so: {what}")


class Bank:
    """A bank in a process of its own. With `data`, it remembers."""

    numbers = itertools.count(1)

    def __init__(self, data=False):
        self.folder = tempfile.TemporaryDirectory() if data else None
        self.start()

    def start(self):
        file = ["--data", f"{self.folder.name}/bank.jsonl"] if self.folder else []
        self.process = subprocess.Popen(
            [PROGRAM, "--listen", "127.0.0.1:0", *file], stdout=subprocess.PIPE, text=True
        )
        self.url = self.process.stdout.readline().strip().removeprefix("mock_gateway listening on ")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()
        if self.folder:
            self.folder.cleanup()

    def shop(self, key=None, **options):
        """The SDK, as an account that nobody else has."""
        key = key or f"sk_test_py_{os.getpid()}_{next(self.numbers)}"
        options = {"max_network_retries": 0, **options}
        return stripe.StripeClient(key, base_addresses={"api": self.url}, **options)

    def control(self, method, path, body=None):
        """The bank's own control surface."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_bank/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def movements(self, intent):
        rows = self.control("GET", "ledger")["data"]
        return [(row["type"], row["amount"]) for row in rows if row["payment_intent"] == intent]

    def calls(self, route):
        return self.control("GET", "stats")["requests"].get(route, 0)


class Ear:
    """An address that is told, and keeps what it hears as raw bytes."""

    def __init__(self):
        self.heard = []
        self.says = 200
        ear = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ear.heard.append((body, self.headers["Stripe-Signature"]))
                self.send_response(ear.says)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"

    def count(self, n):
        until(f"{n} notices came", lambda: len(self.heard) >= n)


@pytest.fixture(scope="module")
def bank():
    bank = Bank(data=True)
    yield bank
    bank.close()


@pytest.fixture
def shop(bank):
    return bank.shop()


@pytest.fixture
def ear():
    ear = Ear()
    yield ear
    ear.server.shutdown()
    ear.server.server_close()
