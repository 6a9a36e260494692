"""The store of the compose file accepts no object from a client without its key."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.fleets.fleet import wait_until
from tests.support.paths import ROOT
from tests.support.servers.processes import (
    ServerMissing,
    beside_python,
    free_ports,
    kill,
    spawn,
)

COMPONENTS = ("master", "filer", "volume", "admin")
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "a key", "AWS_SECRET_ACCESS_KEY": "a secret of the store"}


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[dict[str, int]]:
    """HTTP ports by component, of SeaweedFS as the compose file starts it."""
    services = yaml.safe_load((ROOT / "infra" / "compose.yaml").read_text())["services"]
    names, numbers = ("s3", *COMPONENTS), free_ports(10)
    ports = dict(zip(names, numbers[:5], strict=True))
    words = services["seaweedfs"]["command"].replace("/data", str(tmp_path))
    words = words.replace("-ip=seaweedfs", "-ip=127.0.0.1").replace("0.0.0.0", "127.0.0.1")
    words = words.replace("-s3.port=8333", f"-s3.port={ports['s3']} -s3.port.lance=0")
    words += "".join(f" -{name}.port={ports[name]}" for name in COMPONENTS)
    for name, number in zip(names, numbers[5:], strict=True):
        words += f" -{name}.port.grpc={number}"
    try:
        command = [str(beside_python("weed")), *words.split()]
    except ServerMissing as missing:
        pytest.skip(str(missing))
    process = spawn(command, tmp_path / "log", {**CREDENTIALS, "HOME": str(tmp_path)})
    try:
        wait_until(lambda: _status(ports["s3"], "/healthz", "GET") == 200)
        yield ports
    finally:
        kill(process)


def _status(port: int, path: str, method: str) -> int | None:
    """The status of a request without a key; None without an answer."""
    body = b"forged" if method == "PUT" else None
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def test_an_object_without_a_key_is_refused(ports: dict[str, int]) -> None:
    assert _status(ports["s3"], "/pagefleet/inbox/x.pdf", "PUT") == 403
    assert _status(ports["filer"], "/buckets/pagefleet/inbox/x.pdf", "PUT") in (None, 404, 405)
