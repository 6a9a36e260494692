"""The broker of chart and compose file takes any password; both write it into a file of Valkey."""

import os
import subprocess
from pathlib import Path

import pytest
import redis
import yaml

from producer.local.valkey_binary import valkey_binary
from tests.support.fleets.cluster import PASSWORD, Cluster
from tests.support.fleets.fleet import wait_until
from tests.support.packaging.helm_chart import SMALLEST, manifests
from tests.support.paths import ROOT
from tests.support.servers.processes import free_ports

PASSWORDS = [PASSWORD, "letters and spaces", "$(reboot)`id`\\x41", "a" * 200]


@pytest.mark.parametrize("password", PASSWORDS)
def test_the_broker_of_the_chart_takes_any_password(password: str, tmp_path: Path) -> None:
    cluster = Cluster(manifests(SMALLEST), tmp_path, {}, password=password)
    cluster.start_broker()
    try:
        wait_until(lambda: _answers(cluster.broker()), 20)
    finally:
        cluster.stop()


def test_the_broker_of_the_compose_file_takes_any_password(tmp_path: Path) -> None:
    service = yaml.safe_load((ROOT / "infra" / "compose.yaml").read_text())["services"]["valkey"]
    (port,) = free_ports(1)
    (tmp_path / "etc").mkdir()
    (tmp_path / "run").mkdir()
    config = f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\ninclude {tmp_path}/run/auth.conf\n"
    (tmp_path / "etc" / "valkey.conf").write_text(config)
    (tmp_path / "valkey-server").symlink_to(valkey_binary())
    words = [
        word.replace("$$", "$")
        .replace("/run/auth.conf", f"{tmp_path}/run/auth.conf")
        .replace("/etc/valkey.conf", f"{tmp_path}/etc/valkey.conf")
        for word in service["command"]
    ]
    variables = {"VALKEY_PASSWORD": PASSWORD, "PATH": f"{tmp_path}:{os.defpath}"}
    with subprocess.Popen(words, env=variables, stdout=subprocess.DEVNULL) as process:
        try:
            client = redis.Redis(port=port, password=PASSWORD, socket_timeout=5)
            wait_until(lambda: _answers(client), 20)
        finally:
            process.kill()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.exceptions.ConnectionError as error:
        assert "password" not in str(error)
        return False
