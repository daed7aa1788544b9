"""A real Chromium without a window, driven by the DevTools protocol over its pipe: no driver and no port.

Protocol: https://chromedevtools.github.io/devtools-protocol/ ; messages are JSON, each ends with a NUL byte.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_TIMEOUT_S = 40
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # root has no other choice
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--font-render-hinting=none",
    "--remote-debugging-pipe",
)


class Browser:
    """One browser process; ``page`` opens a file in a tab of its own."""

    def __init__(self, process: subprocess.Popen[bytes], write: int, read: int) -> None:
        self._process = process
        self._write, self._read = write, read
        self._rest = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def page(
        self,
        path: Path,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        scripts: bool = True,
        media: str = "screen",
        scale: float = 1,
    ) -> Page:
        """Open a file and wait until it is loaded."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, target)
        for domain in ("Page", "Network", "Log", "Runtime"):
            page.ask(f"{domain}.enable")
        # Below 500 pixels a window does not get; what is set here is what the page sees.
        page.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )
        page.ask("Emulation.setEmulatedMedia", media=media, features=[scheme(dark)])
        page.ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.events.clear()
        page.ask("Page.navigate", url=path.resolve().as_uri())
        self.wait("Page.loadEventFired", session)
        return page

    def ask(self, method: str, session: str | None = None, **params: Any) -> Any:
        """Send a command and return its result; what happens meanwhile goes to ``events``."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        raw = memoryview(json.dumps(message).encode() + b"\0")
        while raw:
            raw = raw[os.write(self._write, raw) :]
        deadline = time.monotonic() + _TIMEOUT_S
        while True:
            answer = self._next(deadline)
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.events.append(answer)

    def wait(self, method: str, session: str) -> None:
        """Wait until an event of this page happens, or has happened."""
        deadline = time.monotonic() + _TIMEOUT_S
        while not any(event.get("method") == method and event.get("sessionId") == session for event in self.events):
            self.events.append(self._next(deadline))

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], max(0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            some = os.read(self._read, 2**20)
            assert some, "the browser has ended"
            self._rest += some
        raw, _, self._rest = self._rest.partition(b"\0")
        return json.loads(raw)


class Page:
    """One tab."""

    def __init__(self, browser: Browser, session: str, target: str) -> None:
        self._browser = browser
        self._session = session
        self._target = target

    def ask(self, method: str, **params: Any) -> Any:
        return self._browser.ask(method, self._session, **params)

    def js(self, expression: str) -> Any:
        """Return the value of an expression, also where the page itself may not run scripts."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key as a person does."""
        for kind in ("keyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                windowsVirtualKeyCode=code,
                text=text * (kind == "keyDown"),
            )

    def type(self, text: str) -> None:
        self.ask("Input.insertText", text=text)

    def requested(self) -> list[str]:
        """Return every address that this page asked for."""
        return [
            event["params"]["request"]["url"]
            for event in self._browser.events
            if event.get("method") == "Network.requestWillBeSent" and event.get("sessionId") == self._session
        ]

    def complaints(self) -> list[str]:
        """Return what the browser wrote into its log about the page."""
        return [
            event["params"]["entry"]["text"]
            for event in self._browser.events
            if event.get("method") == "Log.entryAdded" and event.get("sessionId") == self._session
        ]

    def picture(self, *, whole: bool = True) -> bytes:
        """Return the page as PNG."""
        answer = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(answer["data"])

    def pdf(self) -> bytes:
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=True)["data"])

    def close(self) -> None:
        self._browser.ask("Target.closeTarget", targetId=self._target)


def scheme(dark: bool) -> dict[str, str]:
    return {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}


@contextmanager
def chromium(profile: Path, program: str = "chromium") -> Iterator[Browser]:
    """Start the browser with an empty profile in a folder of its own, and end it with all its processes."""
    there, write = os.pipe()
    read, back = os.pipe()
    # The browser has its pipe as 3 and 4; numbers of ours from 10 on cannot be in the way.
    high = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (there, back)]
    for end in (there, back):
        os.close(end)
    words = f'exec "$0" "$@" 3<&{high[0]} 4>&{high[1]}'
    with subprocess.Popen(
        ["bash", "-c", words, program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=high,
        start_new_session=True,
    ) as process:
        for end in high:
            os.close(end)
        try:
            yield Browser(process, write, read)
        finally:
            os.close(write)
            os.close(read)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
