"""Pages wait through the outage of a service, and it costs them no attempt.

Real services are stopped; ``make outage`` does the same at any size.
"""

from pathlib import Path
from typing import Literal

import pytest
from aiohttp import web

from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import (
    BIN,
    environment,
    in_process,
    pdf,
    running,
    wait_until,
    workers,
)
from tests.support.fleets.ledger_check import check_job, has_ended
from tests.support.servers.openai_server import OpenAiServer, serving
from tests.support.servers.processes import S3Server
from tests.system.failures.store_proxy import StoreProxy
from tests.system.outage import __main__ as command
from tests.system.outage.plan import Plan
from tests.system.outage.run import Outage

FIGURE = "<|ref|>image<|/ref|><|det|>[[100, 100, 800, 800]]<|/det|>\n"


@pytest.mark.parametrize(
    ("what", "how", "pages", "machines"),
    [
        # One machine in make test: each one takes ten seconds of a core.
        ("broker", "silent", 60, 1),
        pytest.param("broker", "silent", 120, 2, marks=pytest.mark.long),
        pytest.param("store", "gone", 240, 2, marks=pytest.mark.long),
        pytest.param("engine", "gone", 60, 2, marks=pytest.mark.long),
        pytest.param("broker", "gone", 240, 2, marks=pytest.mark.long),
        pytest.param("machine", "gone", 240, 2, marks=pytest.mark.long),
    ],
)
def test_an_outage_costs_no_page_and_no_attempt(
    what: Literal["store", "engine", "broker", "machine"],
    how: Literal["gone", "silent", "half-open", "lost"],
    pages: int,
    machines: int,
    tmp_path: Path,
) -> None:
    # The outage is as long as the lease, so that a returning broker finds every lease expired;
    # the lease is long enough for a slow machine to renew it within half of it.
    plan = Plan(
        what,
        how,
        pages=pages,
        seconds=20,
        machines=machines,
        # Slow enough that pages are left when a third of them is read and the outage begins.
        latency_ms=600,
        pages_per_job=pages // 2,
        lease_s=20,
        # The whole outage is longer than a loop may pause while the broker answers.
        broker_timeout_s=2,
    )

    findings = Outage(plan, tmp_path, print).run()

    assert findings.broken == [], "\n".join(findings.lines())


@pytest.mark.parametrize("what", ["engine", "machine"])
@pytest.mark.parametrize("how", ["half-open", "lost"])
def test_the_command_refuses_a_way_to_be_away_that_the_service_does_not_have(
    what: str, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--what", what, "--how", how])

    assert ended.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    need = "error: --how half-open and lost need --what store or broker"
    assert last.endswith(f"{need}, not --what {what}")


def test_the_help_of_the_command_says_which_services_can_be_half_open(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--help"])

    assert ended.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "``--how lost`` need ``--what store`` or ``--what broker``" in shown


def test_a_page_whose_figures_cannot_be_stored_is_not_read_again(
    s3_settings: SettingsFactory, s3_server: S3Server, redis_url: str, tmp_path: Path
) -> None:
    proxy = StoreProxy(s3_server.endpoint, seed=1)
    with serving(OpenAiServer(text=FIGURE, latency_s=2)) as server:
        chosen = s3_settings(
            redis_url=redis_url, engine="openai", engine_url=server.url, num_workers=1,
            s3_endpoint_url=proxy.endpoint,
        )  # fmt: skip
        with workers(chosen, tmp_path / "workers.log"):
            path = str(pdf(tmp_path / "a.pdf", 2))
            job_id = in_process(chosen, "submit", "--json", path).lines[0]["job_id"]
            wait_until(lambda: len(server.bodies) == 2)
            proxy.down = True
            wait_until(
                lambda: "waiting until the outage ends: " in (tmp_path / "workers.log").read_text(),
                90,
            )
            proxy.down = False
            store = open_store(chosen)
            wait_until(lambda: has_ended(store, job_id), 120)

    assert check_job(store, job_id).counts["ok"] == 2
    assert len(server.bodies) == 2
    assert len(list(store.list(f"jobs/{job_id}/figures/"))) == 2
    proxy.close()


@pytest.mark.long
def test_a_run_says_why_its_pages_wait_for_a_busy_server(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    """The engine asks for half a minute before it returns a page."""

    async def busy(_request: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "full \x1b[31m"}}, status=503)

    with serving(OpenAiServer(faults=[busy] * 1000)) as server:
        chosen = settings(engine="openai", engine_url=server.url, num_workers=1)
        path, out = str(pdf(tmp_path / "a.pdf", 1)), str(tmp_path / "out")
        run = [str(BIN / "pagefleet"), "run", path, "-o", out]
        with running(run, environment(chosen), tmp_path / "run.log"):
            wait_until(lambda: "they wait: " in (tmp_path / "run.log").read_text(), 150)

    said = (tmp_path / "run.log").read_text()
    assert "no worker of engine 'openai' can read pages now" in said
    assert "the server says 503: full ?[31m" in said
