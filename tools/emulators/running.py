"""What both drivers share: processes, requests on loopback, and a record of steps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NODE = HERE / "node/node_modules"
START_SECONDS = 15
STEP_SECONDS = 5


class Record:
    """Steps and how they ended, printed as they come."""

    def __init__(self, name: str) -> None:
        self._name, self._failed = name, 0

    def step(self, claim: str, held: object) -> None:
        self._failed += not held
        print(f"{'ok    ' if held else 'FAILED'}  {self._name}: {claim}", flush=True)

    def log(self, path: Path, *provoked: str) -> None:
        """The bot's log must have no error but those that the steps provoke."""
        lines = [line for line in path.read_text().splitlines() if '"level": "error"' in line]
        errors = [line for line in lines if json.loads(line)["event"] not in provoked]
        self.step("no other error in the bot's log" if provoked else "no error in the bot's log", not errors)
        for line in errors:
            print(line, file=sys.stderr)

    @property
    def status(self) -> int:
        return 1 if self._failed else 0


@contextmanager
def process(command: list[str], log: Path, settings: dict[str, str]) -> Iterator[None]:
    """A program that runs until the block ends."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    with log.open("wb") as output:
        environment = {**os.environ, **settings, "PATH": path, "PYTHONPATH": str(ROOT)}
        started = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            started.terminate()
            started.wait(timeout=30)


def web_server() -> list[str]:
    """The Procfile's line."""
    procfile = (ROOT / "Procfile").read_text()
    return ["bash", "-c", "exec " + next(line[4:] for line in procfile.splitlines() if line.startswith("web:"))]


def call(url: str, body: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
    """JSON in, JSON out."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"content-type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def wait(attempt: Callable[[], Any], seconds: float = START_SECONDS) -> Any:
    """The first result that is something; None when time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := attempt():
                return found
        except (OSError, urllib.error.HTTPError):
            pass
        time.sleep(0.1)
    return None
