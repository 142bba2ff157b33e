"""A headless Chromium, asked over the DevTools protocol through a pipe: JSON objects, a NUL after each."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

_OPTIONS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",  # it opens pages that the tests made, and has to run as root in containers
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
_START = """
import os, sys
read, write, *command = sys.argv[1:]
os.dup2(int(read), 3)
os.dup2(int(write), 4)
os.execvp(command[0], command)
"""


class Browser:
    """One tab. ``events`` holds what it told without being asked."""

    def __init__(self, program: str, profile: Path) -> None:
        self._number = 0
        self.events: list[dict[str, Any]] = []
        theirs_in, ours_out = map(_out_of_the_way, os.pipe())
        ours_in, theirs_out = map(_out_of_the_way, os.pipe())
        start = [sys.executable, "-c", _START, str(theirs_in), str(theirs_out)]
        command = [*start, program, *_OPTIONS, f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(command, pass_fds=(theirs_in, theirs_out), stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self._in, self._out = os.fdopen(ours_in, "rb"), os.fdopen(ours_out, "wb", buffering=0)
        self._session: str | None = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._in.close()
        self._out.close()

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, (method, answer["error"])
        found: dict[str, Any] = answer["result"]
        return found

    def open(self, file: Path, width: int, *, dark: bool = False, script: bool = True) -> None:
        """Load a page in a window of this width, and wait until it is there."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.ask("Emulation.setScriptExecutionDisabled", value=not script)
        for url in ("about:blank", file.as_uri()):  # the first, so that the second is loaded anew
            self.events.clear()
            self.ask("Page.navigate", url=url)
            while not self.told("Page.loadEventFired"):
                self.events.append(self._receive())

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def told(self, *methods: str) -> list[dict[str, Any]]:
        """The events of these kinds since the page was opened."""
        return [event["params"] for event in self.events if event["method"] in methods]

    def _receive(self) -> dict[str, Any]:
        data = b""
        while not data.endswith(b"\0"):
            part = self._in.read(1)
            assert part, "the browser has ended"
            data += part
        message: dict[str, Any] = json.loads(data[:-1])
        return message


def _out_of_the_way(descriptor: int) -> int:
    """A copy of a descriptor beyond 3 and 4, which the browser reads and writes."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 20)
    os.close(descriptor)
    return moved
