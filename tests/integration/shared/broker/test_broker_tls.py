"""A broker behind TLS: both connections verify certificates by default."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import trustme

from shared.broker.broker_tls import tls_options
from shared.broker.celery_app import make_app
from shared.broker.dispatch_state import DispatchState
from shared.config.settings import Settings
from shared.domain.errors import BrokerUnreachable, UsageError
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import CommandResult, pagefleet, pdf, workers
from tests.support.servers.processes import RedisServer
from tests.support.servers.tls_proxy import tls_proxy


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The authority that signs the broker's certificate."""
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority's certificate."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def proxied(authority: trustme.CA, name: str, server: RedisServer) -> Iterator[str]:
    """The address of the broker behind TLS with a certificate for ``name``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    with tls_proxy(context, server.port) as port:
        yield f"rediss://:{server.password}@localhost:{port}/0"


@pytest.fixture
def tls_url(authority: trustme.CA, redis_url: str, redis_server: RedisServer) -> Iterator[str]:
    """An empty broker behind TLS."""
    yield from proxied(authority, "localhost", redis_server)


@pytest.fixture
def misnamed_url(authority: trustme.CA, redis_server: RedisServer) -> Iterator[str]:
    """A broker whose certificate names another host."""
    yield from proxied(authority, "other.example", redis_server)


def ping(settings: Settings) -> None:
    """One command to the broker."""
    DispatchState(settings).ping()


def test_a_fleet_works_with_password_and_tls(
    settings: SettingsFactory, tls_url: str, ca_file: Path, tmp_path: Path
) -> None:
    made = settings(redis_url=tls_url, redis_ca_file=ca_file, engine="fake")

    with workers(made, tmp_path / "log"):
        ended = pagefleet(made, "submit", str(pdf(tmp_path / "a.pdf", 3)), "--wait", "--json")

    assert [line["status"] for line in ended.lines] == ["ok"], ended.err


def test_a_certificate_of_an_unknown_authority_is_refused_with_advice(
    settings: SettingsFactory, tls_url: str
) -> None:
    with pytest.raises(BrokerUnreachable, match="PAGEFLEET_REDIS_CA_FILE"):
        ping(settings(redis_url=tls_url))


def test_a_certificate_of_another_host_is_refused(
    settings: SettingsFactory, misnamed_url: str, ca_file: Path
) -> None:
    with pytest.raises(BrokerUnreachable, match="certificate"):
        ping(settings(redis_url=misnamed_url, redis_ca_file=ca_file))


def test_verification_can_be_switched_off(settings: SettingsFactory, misnamed_url: str) -> None:
    ping(settings(redis_url=misnamed_url, redis_verify=False))


def submit(settings: Settings, tmp_path: Path) -> CommandResult:
    """Submit a document, which uses both connections to the broker."""
    return pagefleet(settings, "submit", str(pdf(tmp_path / "a.pdf", 1)))


def test_a_command_reports_the_error_in_one_line_without_the_password(
    settings: SettingsFactory, tls_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    ended = submit(settings(redis_url=tls_url, engine="fake"), tmp_path)

    assert ended.status == 5
    assert len(ended.err.strip().splitlines()) == 1
    assert "broker_unreachable" in ended.err
    assert redis_server.password not in ended.err


def test_a_wrong_password_is_reported_as_one(
    settings: SettingsFactory, tls_url: str, redis_server: RedisServer, ca_file: Path
) -> None:
    wrong = tls_url.replace(redis_server.password, "not-this-one")

    with pytest.raises(BrokerUnreachable, match="password") as caught:
        ping(settings(redis_url=wrong, redis_ca_file=ca_file))

    assert "not-this-one" not in str(caught.value)


def test_celery_gets_the_same_options_as_the_dispatch_state(
    settings: SettingsFactory, ca_file: Path
) -> None:
    options = tls_options(settings(redis_url="rediss://host/0", redis_ca_file=ca_file))

    assert options == {
        "ssl_cert_reqs": "required",
        "ssl_check_hostname": True,
        "ssl_ca_certs": str(ca_file),
    }
    assert tls_options(settings(redis_url="redis://host/0")) == {}


@pytest.mark.parametrize(
    "values",
    [
        {"redis_url": "rediss://host/0?ssl_cert_reqs=none"},
        {"redis_url": "rediss://host/0", "redis_ca_file": "/no/such/file"},
    ],
)
def test_options_that_can_not_work_are_refused(
    settings: SettingsFactory, values: dict[str, str]
) -> None:
    with pytest.raises(UsageError, match="PAGEFLEET_REDIS"):
        tls_options(settings(**values))


def test_celery_also_refuses_a_certificate_of_an_unknown_authority(
    settings: SettingsFactory, tls_url: str, ca_file: Path
) -> None:
    trusting = make_app(settings(redis_url=tls_url, redis_ca_file=ca_file))
    with trusting.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1)

    app = make_app(settings(redis_url=tls_url))
    with (
        app.connection_for_write() as connection,
        pytest.raises(redis.ConnectionError, match="CERTIFICATE"),
    ):
        connection.connect()


@pytest.fixture
def strict_url(authority: trustme.CA, redis_url: str, redis_server: RedisServer) -> Iterator[str]:
    """An empty broker that requires a client certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with tls_proxy(context, redis_server.port) as port:
        yield f"rediss://:{redis_server.password}@localhost:{port}/0"


def test_both_connections_present_the_client_certificate(
    settings: SettingsFactory, authority: trustme.CA, strict_url: str, ca_file: Path, tmp_path: Path
) -> None:
    certificate = authority.issue_cert("fleet.example")
    key_file, cert_file = tmp_path / "key.pem", tmp_path / "cert.pem"
    certificate.private_key_pem.write_to_path(str(key_file))
    certificate.cert_chain_pems[0].write_to_path(str(cert_file))
    without = settings(redis_url=strict_url, redis_ca_file=ca_file)
    made = without.model_copy(update={"redis_cert_file": cert_file, "redis_key_file": key_file})

    ping(made)
    with make_app(made).connection_for_write() as connection:
        connection.ensure_connection(max_retries=1)
    with pytest.raises(BrokerUnreachable):
        ping(without)
