"""The configuration of Celery, the same for producers, workers and monitors."""

from celery import Celery
from celery.backends.base import DisabledBackend

from shared.broker.broker_tls import tls_options
from shared.broker.connection import KEY_PREFIX, sentinel_options
from shared.broker.queues import MAINTENANCE, REDUCE, declare
from shared.broker.transport import kombu_guard
from shared.config.broker_url import is_sentinel
from shared.config.settings import Settings

APP_NAME = "pagefleet"


class _App(Celery):  # type: ignore[misc]  # celery has no types
    """Celery without its search for result backends, which reads the metadata of all packages.

    Each thread of a worker would search again.
    """

    def _get_backend(self) -> DisabledBackend:
        return DisabledBackend(app=self)


def make_app(settings: Settings, queues: tuple[str, ...] = (REDUCE, MAINTENANCE)) -> Celery:
    """A Celery application that declares ``queues``; it has no result backend."""
    kombu_guard.install()
    app = _App(APP_NAME, broker=settings.broker_url(), set_as_current=False)
    app.conf.update(
        broker_transport_options=transport_options(settings),
        broker_use_ssl=tls_options(settings) or None,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_queues=declare(queues),
        task_default_queue=MAINTENANCE,
        task_create_missing_queues=False,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        result_backend_thread_safe=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_send_sent_event=True,
        worker_send_task_events=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        timezone="UTC",
    )
    return app


def transport_options(settings: Settings) -> dict[str, object]:
    """Redis transport options; the visibility timeout must be the same in every process."""
    options = _sentinel(settings) if is_sentinel(settings.broker_url()) else {}
    return options | {
        "global_keyprefix": KEY_PREFIX,
        "visibility_timeout": settings.lease_s,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "queue_order_strategy": "shared.broker.queues:UrgentFirst",
        "socket_timeout": settings.broker_timeout_s,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": max(1, round(settings.broker_timeout_s * 5 / 6)),
        "client_name": APP_NAME,
    }


def _sentinel(settings: Settings) -> dict[str, object]:
    return {
        "master_name": settings.redis_sentinel_master,
        "sentinel_kwargs": sentinel_options(settings),
    }
