"""Looks up the addresses of a name within a time limit."""

import socket
import threading

from workers.maintenance.webhooks.failures import WebhookFailed


def look_up(host: str, port: int, timeout_s: float) -> list[str]:
    """The addresses of ``host``; raises WebhookFailed.

    The system's resolver has no time limit of its own, so it runs in a thread, which a slow
    resolver may keep for some time after this call.
    """
    answers: list[list[str] | OSError | UnicodeError] = []

    def ask() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.append([str(entry[4][0]) for entry in entries])
        except (OSError, UnicodeError) as error:
            answers.append(error)

    thread = threading.Thread(target=ask, name="webhook-lookup", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if not answers:
        raise WebhookFailed(f"{host} can't be resolved within {timeout_s:g} s")
    answer = answers[0]
    if isinstance(answer, list):
        return answer
    reason = getattr(answer, "strerror", None) or "not a host name"
    raise WebhookFailed(f"{host} can't be resolved: {reason}")
