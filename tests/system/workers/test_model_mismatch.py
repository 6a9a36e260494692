"""Jobs that need another model than the workers have: none is lost, and no other job waits."""

from pathlib import Path

from tests.support.fleets.fleet import fleet, pdf, wait_until, workers


def test_a_job_of_another_model_delays_no_other_job_and_is_reported(tmp_path: Path) -> None:
    with fleet(tmp_path, max_concurrency=2) as made:
        log = tmp_path / "workers.log"
        wait_until(lambda: "ready: engine" in log.read_text())
        mismatched = str(pdf(tmp_path / "mismatched.pdf", 40, title="mismatched"))
        submitted = made("submit", mismatched, "--model", "another")
        wait_until(lambda: "needs model another" in log.read_text())
        own = made("submit", str(pdf(tmp_path / "own.pdf", 3, title="own")))

        # With the long pause for each of its pages one after the other it would take 100 seconds.
        wait_until(lambda: made("wait", own.out.strip(), "--timeout", "1").status == 0, 40)

        status = made("status", submitted.out.strip())
        assert " waiting " in status.out
        assert "0/40 pages" in status.out
        assert "no live worker of engine 'fake' has model another" in status.err
        assert "has model another" in submitted.err
        assert "has model" not in own.err
        assert log.read_text().count("needs model another") == 1


def test_its_pages_are_read_once_a_worker_has_the_model(tmp_path: Path) -> None:
    with fleet(tmp_path, max_concurrency=2) as made:
        submitted = made("submit", str(pdf(tmp_path / "a.pdf", 20)), "--model", "another")
        log = tmp_path / "workers.log"
        wait_until(lambda: "needs model another" in log.read_text())
        other = made.settings.model_copy(update={"model": "another", "home": tmp_path / "other"})
        other = other.model_copy(update={"store": made.settings.store_url})

        with workers(other, tmp_path / "others.log"):
            ended = made("wait", submitted.out.strip(), "--timeout", "60")

        assert ended.status == 0
        assert "20/20 pages (20 ok" in made("status", submitted.out.strip()).out
