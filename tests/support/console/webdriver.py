"""A real Chromium that points, types and measures, through chromedriver."""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

TIMEOUT_S = 90
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_PORT = re.compile(r"successfully on port (\d+)")
TAB, RIGHT = "\ue004", "\ue014"


def driver_installed() -> bool:
    """Whether Chromium and chromedriver are installed."""
    return bool(shutil.which("chromedriver") and shutil.which("chromium"))


class Browser:
    """One session; ``url`` is its address at chromedriver."""

    def __init__(self, url: str) -> None:
        self._url = url

    def open(self, url: str) -> None:
        """Load a page and wait for its end."""
        self._post("url", {"url": url})

    def run(self, script: str, *arguments: object) -> Any:
        """The value that ``script`` returns."""
        return self._post("execute/sync", {"script": script, "args": list(arguments)})

    def point_at(self, selector: str) -> None:
        """Scroll an element into view and move the mouse to its middle."""
        place = "{block: 'center', behavior: 'instant'}"
        self.run(f"document.querySelector(arguments[0]).scrollIntoView({place})", selector)
        found = self._post("element", {"using": "css selector", "value": selector})
        move = {"type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": found}
        self._act({"type": "pointer", "id": "mouse", "actions": [move]})

    def click(self, selector: str) -> None:
        """Click an element."""
        found = self._post("element", {"using": "css selector", "value": selector})
        self._post(f"element/{found[_ELEMENT]}/click", {})

    def press(self, key: str) -> None:
        """Press and release one key."""
        actions = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keys", "actions": actions})

    @contextmanager
    def phone(self, width: int) -> Iterator[None]:
        """Show pages as on a phone of that width while the block runs."""
        metrics = {"width": width, "height": 740, "deviceScaleFactor": 1, "mobile": True}
        self._emulate("setDeviceMetricsOverride", metrics)
        try:
            yield
        finally:
            self._emulate("clearDeviceMetricsOverride", {})

    def _emulate(self, name: str, values: dict[str, Any]) -> None:
        command = {"cmd": f"Emulation.{name}", "params": values}
        self._post("goog/cdp/execute", command)

    def _act(self, actions: dict[str, Any]) -> None:
        self._post("actions", {"actions": [actions]})

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return _request(f"{self._url}/{path}", "POST", body)


@contextmanager
def browser(width: int = 1300, height: int = 900) -> Iterator[Browser]:
    """A headless Chromium with a window of that size."""
    with tempfile.TemporaryDirectory() as name, _driver(Path(name)) as driver:
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            f"--window-size={width},{height}", f"--user-data-dir={name}/profile",
        ]  # fmt: skip
        options = {"binary": shutil.which("chromium"), "args": arguments}
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        session = f"{driver}/session/{_request(f'{driver}/session', 'POST', wanted)['sessionId']}"
        try:
            yield Browser(session)
        finally:
            _request(session, "DELETE")


@contextmanager
def _driver(folder: Path) -> Iterator[str]:
    """The address of a new chromedriver."""
    command = ["chromedriver", "--port=0", "--log-level=WARNING"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        try:
            assert process.stdout is not None
            ports = (_PORT.search(line) for line in process.stdout)
            port = next(found for found in ports if found)[1]
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _request(url: str, method: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urlopen(request, timeout=TIMEOUT_S) as answer:
        return json.loads(answer.read())["value"]
