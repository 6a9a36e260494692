"""No file, message, log or command line of a fleet contains a secret."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis

from shared.config.settings import Settings
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import in_process, pagefleet, pdf, processes_of, workers
from tests.support.servers.processes import RedisServer, S3Server

WEBHOOK_SECRET = "webhook-secret-5f2a"
DOCUMENT_PASSWORD = "document-password-77b1"


class BrokerTraffic:
    """Every command that the broker receives while the block runs, as text."""

    def __init__(self) -> None:
        self.text = ""

    @contextmanager
    def listening(self, server: RedisServer) -> Iterator[None]:
        """Run MONITOR, in whose output the broker hides passwords itself."""
        with socket.create_connection(("127.0.0.1", server.port)) as line:
            line.sendall(f"AUTH {server.password}\r\nMONITOR\r\n".encode())
            thread = threading.Thread(target=self._listen, args=(line,), daemon=True)
            thread.start()
            yield
            line.shutdown(socket.SHUT_RDWR)
            thread.join()

    def _listen(self, line: socket.socket) -> None:
        received = b""
        while data := line.recv(65_536):
            received += data
        self.text = received.decode(errors="replace")


def command_lines(settings: Settings) -> str:
    """The command lines of the fleet's processes, which all users of a machine may read."""
    lines = []
    for pid in processes_of(settings):
        with suppress(OSError):
            lines.append(Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace"))
    return "\n".join(lines)


def test_no_secret_is_in_files_messages_logs_or_command_lines(
    s3_settings: SettingsFactory,
    s3_server: S3Server,
    redis_url: str,
    redis_server: RedisServer,
    tmp_path: Path,
) -> None:
    config = s3_settings(
        redis_url=redis_url,
        engine="fake",
        log_level="debug",
        webhook_secret=WEBHOOK_SECRET,
        sweep_interval_s=0.5,
        fake_fail_pages="2",
    )
    password_file = tmp_path / "password"
    password_file.write_text(DOCUMENT_PASSWORD)
    source, log, traffic = pdf(tmp_path / "a.pdf", 4), tmp_path / "worker.log", BrokerTraffic()
    words = ["--password-file", str(password_file), "--webhook", "https://127.0.0.1:1/hook"]

    with traffic.listening(redis_server), workers(config, log):
        ended = pagefleet(config, "submit", str(source), *words, "--wait", "--json", "--debug")
        outputs = [
            in_process(config, *each.split()) for each in ("status --json", "doctor", "failures")
        ]
        running = command_lines(config)

    (line,) = ended.lines
    assert line["status"] == "partial", ended.err
    assert line["job_id"] in traffic.text
    assert "/hook" not in running
    texts = {
        "log": log.read_text(errors="replace"),
        "broker": traffic.text,
        "processes": running,
        "output": "".join(each.out + each.err for each in (ended, *outputs)),
        "home": _texts(config.home),
    }
    secrets = {
        "s3 secret": s3_server.secret_key,
        "s3 key": s3_server.access_key,
        "broker password": redis_server.password,
        "webhook secret": WEBHOOK_SECRET,
        "document password": DOCUMENT_PASSWORD,
    }
    leaks = [
        (place, name)
        for place, text in texts.items()
        for name, word in secrets.items()
        if word in text
    ]
    assert leaks == []
    assert all(
        place in texts and texts[place] for place in ("log", "broker", "processes", "output")
    )


def _texts(folder: Path) -> str:
    files = (path for path in folder.rglob("*") if path.is_file())
    return "\n".join(path.read_bytes().decode(errors="replace") for path in files)


def test_no_secret_is_in_the_text_of_a_settings_object(settings: SettingsFactory) -> None:
    config = settings(redis_url="redis://:broker-password@host/0", webhook_secret=WEBHOOK_SECRET)

    for text in (repr(config), str(config), f"{config.model_dump()}", config.model_dump_json()):
        assert "broker-password" not in text
        assert WEBHOOK_SECRET not in text


def test_messages_that_are_not_json_or_of_another_schema_run_nothing(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    config = settings(redis_url=redis_url, engine="fake")
    trap = tmp_path / "trap"
    with workers(config, tmp_path / "log"):
        first = in_process(config, "submit", str(pdf(tmp_path / "a.pdf", 1)), "--wait", "--json")
        _send_bad_messages(config, first.lines[0]["job_id"], trap)
        second = in_process(
            config, "submit", str(pdf(tmp_path / "b.pdf", 2, title="b")), "--wait", "--json"
        )

    assert second.lines[0]["status"] == "ok", second.err
    assert not trap.exists()
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        refused = client.lrange("pagefleet:refused", 0, -1)
    assert len([each for each in refused if '"schema": 99' in each]) == 1
    assert len([each for each in refused if "../../etc" in each]) == 1


def _send_bad_messages(settings: Settings, job_id: str, trap: Path) -> None:
    """Send what an attacker with the broker's password, or a newer release, might send."""
    from shared.broker.celery_app import make_app
    from shared.broker.queues import PAGE_TASK, page_queues

    app = make_app(settings, page_queues("fake"))
    queue = next(name for name in page_queues("fake") if name.endswith("normal"))
    good = {"schema": 1, "job_id": job_id, "page": 1, "seq": 0, "queue": queue}
    for bad in ({**good, "schema": 99}, {**good, "job_id": "../../etc"}):
        app.send_task(PAGE_TASK, kwargs={"message": bad}, queue=queue)
    with app.connection_for_write() as connection:
        producer = connection.Producer(serializer="pickle")
        headers = {"lang": "py", "task": PAGE_TASK, "id": "x", "root_id": "x"}
        body: tuple[object, ...] = ((), {"message": _Trap(str(trap))}, {})
        producer.publish(body, routing_key=queue, exchange=queue, headers=headers)


class _Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")
