"""Runs the tests with every Python that pagefleet supports: ``.venv/bin/nox``.

Each session installs the locked packages, so it judges the code and not a newer dependency. An
interpreter that this machine lacks is skipped. Everything after ``--`` goes to pytest:
``.venv/bin/nox -s unit-3.13 -- tests/unit/shared``.
"""

import nox

#: 3.14: every locked package has a wheel for it (see CONTRIBUTING.md).
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["unit"]


def _install(session: nox.Session) -> None:
    session.install("--require-hashes", "-r", "requirements-dev.lock")
    session.install("--no-deps", "--editable", ".")


@nox.session(python=PYTHONS)
def unit(session: nox.Session) -> None:
    """The unit tests: seconds."""
    _install(session)
    session.run("pytest", *(session.posargs or ["tests/unit"]))


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """All tests: many minutes for each interpreter."""
    _install(session)
    session.run("pytest", "-n", "3", "--dist", "loadfile", *session.posargs)
