"""The store of the compose file answers other containers only where it asks for its key."""

import os
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
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

COMPONENTS = ("s3", "master", "filer", "volume")
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "a-key", "AWS_SECRET_ACCESS_KEY": "a-secret-of-the-store"}
#: Another address of this machine, as other containers use one.
ELSEWHERE = "127.0.0.2"
#: How a client of gRPC begins; a server without TLS replies with a SETTINGS frame.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0"
SETTINGS = 4


@dataclass(frozen=True)
class Store:
    """A running SeaweedFS, started as the compose file starts it."""

    #: HTTP ports by component.
    ports: dict[str, int]
    #: Ports of gRPC by component.
    grpc: dict[str, int]

    @property
    def endpoint(self) -> str:
        """The address that other containers use for S3."""
        return f"http://{ELSEWHERE}:{self.ports['s3']}"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of the compose file."""
    text = (ROOT / "infra" / "compose.yaml").read_text()
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    return services


@pytest.fixture(scope="module")
def store(services: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store of the compose file with free ports."""
    folder, numbers = tmp_path_factory.mktemp("store"), free_ports(2 * len(COMPONENTS))
    half = len(COMPONENTS)
    ports = dict(zip(COMPONENTS, numbers[:half], strict=True))
    store = Store(ports, dict(zip(COMPONENTS, numbers[half:], strict=True)))
    try:
        command = [
            str(beside_python("weed")),
            *_words(services["seaweedfs"]["command"], store, folder),
        ]
    except ServerMissing as missing:
        pytest.skip(str(missing))
    settings = services["seaweedfs"]["environment"]
    own = {name: value for name, value in settings.items() if name.startswith("WEED_")}
    process = spawn(command, folder / "log", {**CREDENTIALS, **own, "HOME": str(folder)})
    try:
        wait_until(lambda: _status(f"{store.endpoint}/healthz", "GET") == 200)
        yield store
    finally:
        kill(process)


def _words(command: str, store: Store, folder: Path) -> list[str]:
    words = command.replace("/data", str(folder)).replace("-s3.port=8333", "").split()
    words += [f"-{name}.port={number}" for name, number in store.ports.items()]
    return words + [f"-{name}.port.grpc={number}" for name, number in store.grpc.items()]


def _status(address: str, method: str) -> int | None:
    """The status of a request without a key; None without an answer."""
    body = b"forged" if method == "PUT" else None
    request = urllib.request.Request(address, body, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def _is_open(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=5):
        return True
    return False


def test_an_object_without_a_key_is_refused(store: Store) -> None:
    assert _status(f"{store.endpoint}/pagefleet/inbox/x.pdf", "PUT") == 403


@pytest.mark.parametrize("component", COMPONENTS[1:])
def test_only_s3_answers_other_containers(store: Store, component: str) -> None:
    for ports in (store.ports, store.grpc):
        wait_until(partial(_is_open, "127.0.0.1", ports[component]))
        assert not _is_open(ELSEWHERE, ports[component])


def test_no_user_of_the_store_can_be_made_without_a_key(store: Store) -> None:
    """The port accepts SeaweedS3IamCache/PutIdentity, so it may talk gRPC to no client."""
    place = (ELSEWHERE, store.grpc["s3"])
    with socket.create_connection(place, timeout=10) as connection:
        connection.sendall(PREFACE)
        reply = connection.recv(9)
    assert reply[3:4] != bytes([SETTINGS])

    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    # The server waits for its certificate, which never comes.
    with (
        socket.create_connection(place, timeout=2) as connection,
        pytest.raises((ssl.SSLError, ConnectionError, TimeoutError)),
    ):
        trusting.wrap_socket(connection)


def test_the_bucket_is_made_once_and_found_again(services: dict[str, Any], store: Store) -> None:
    words = services["bucket"]["command"][1:]
    names = {"PAGEFLEET_S3_ENDPOINT_URL": store.endpoint, "PATH": os.environ["PATH"]}
    for _ in range(2):
        command = [sys.executable, *words]
        subprocess.run(command, env={**CREDENTIALS, **names}, timeout=60, check=True)

    s3 = boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["pagefleet"]
