"""A binary of the service on the demo's data."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

LIMITS = ("INGEST", "READ", "BULK", "TOKEN", "STAFF", "PORTAL", "PUBLIC")
# The jobs that the clock drives look every five seconds: after this, each has looked twice.
SETTLED = 12
PATIENCE = 300


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Service:
    """The data stand in `place/data`, and the working directory is `place`: no settings file is found in it."""

    def __init__(self, binary, place, limit=1_000_000):
        self.binary = str(Path(binary).resolve())
        self.place = Path(place).resolve()
        self.data = self.place / "data"
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RECOURSE_")}
        limits = {f"RECOURSE_LIMITS__{name}": str(limit) for name in LIMITS}
        self.environment = {**kept, **limits, "RECOURSE_WORKERS": "2", "COLUMNS": "100", "NO_COLOR": "1", "TZ": "UTC"}
        self.process = None
        self.said = ""

    def command(self, *arguments, said="", environment=()):
        """Runs another command to its end: exit code, standard output, standard error."""
        done = subprocess.run(
            [self.binary, *arguments],
            cwd=self.place,
            env={**self.environment, **dict(environment)},
            input=said,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return done.returncode, done.stdout, done.stderr

    def start(self, reports=320):
        """Starts the demo and waits for what it says when it is filled."""
        address = f"127.0.0.1:{self.port}"
        arguments = [self.binary, "demo", "--data", "data", "--listen", address, "--reports", str(reports)]
        self.process = subprocess.Popen(
            arguments,
            cwd=self.place,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=open(self.place / "log.txt", "a"),
            text=True,
        )
        greeted = threading.Event()
        threading.Thread(target=self.listen, args=(self.process.stdout, greeted), daemon=True).start()
        deadline = time.monotonic() + PATIENCE
        while not greeted.wait(0.1):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the demo did not start:\n{(self.place / 'log.txt').read_text()}")

    def listen(self, out, greeted):
        for line in out:
            self.said += line
            if "Stop with Ctrl-C" in line:
                greeted.set()

    def note(self):
        return json.loads((self.data / "demo.json").read_text())

    def metrics(self):
        return re.search(r"http://(127\.0\.0\.1:\d+)/metrics", self.said)[1]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.process = None
        return code


def settle():
    time.sleep(SETTLED)


def make_world(binary, place, reports=320):
    """A demo as the binary fills it, to be copied and served."""
    service = Service(binary, place)
    service.place.mkdir(parents=True)
    try:
        service.start(reports)
        settle()
    finally:
        if service.process:
            service.stop()
    return service


def copy_of(world, place):
    shutil.copytree(Path(world) / "data", Path(place) / "data")
