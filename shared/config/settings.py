"""All settings in one frozen model: PAGEFLEET_* variables override ``pagefleet.toml``.

Unknown names are errors, except the variables that Kubernetes injects for services whose names
begin with "pagefleet".
"""

import re
import tomllib
from collections.abc import Collection
from difflib import get_close_matches
from os import devnull
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from shared.config.broker_url import brokers, check_list, login_of, with_login
from shared.config.engine_settings import EngineSettings
from shared.config.environment import (
    CONFIG_VARIABLE,
    PREFIX,
    WORKING_FOLDER_FILE,
    check_config_file,
    config_path,
    data_home,
    library_secrets,
    other_variables,
    setting_variables,
)
from shared.config.observability_settings import ObservabilitySettings
from shared.config.tenant_settings import TenantSettings
from shared.config.working_folder_file import check_working_folder_file
from shared.domain.errors import UsageError
from shared.domain.records.job import MAX_PAGES
from shared.domain.records.options import PageSettings
from shared.domain.serialization.compatibility import FIRST_LEVEL

MEBIBYTE = 1024 * 1024
_SERVICE_LINK = re.compile(
    r"_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$|_PORT$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$"
)

#: Shorter secrets are not masked in logs: that would damage other text.
MIN_SECRET = 4


class Settings(PageSettings, EngineSettings, TenantSettings, ObservabilitySettings, BaseSettings):
    """Deployment settings, and the defaults of page options for new jobs."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_ignore_empty=True
    )

    redis_url: SecretStr | None = Field(
        None,
        description="address of the broker: redis://, rediss:// or a list sentinel://…;sentinel://…"
        "; commas separate the brokers of a sharded fleet",
    )
    shard: int | None = Field(
        None,
        ge=0,
        description="which broker of the list redis_url a worker serves, counted from 0; "
        "the command pagefleet uses all",
    )
    redis_username: str | None = Field(
        None, description="user at the broker, with any characters; unset: the one in redis_url"
    )
    redis_password: SecretStr | None = Field(
        None, description="password at the broker, with any characters; unset: that in redis_url"
    )
    redis_sentinel_master: str = Field(
        "mymaster", description="name by which the Sentinels of redis_url know the primary"
    )
    redis_sentinel_password: SecretStr | None = Field(
        None, description="password of the Sentinels themselves"
    )
    redis_ca_file: Path | None = Field(
        None, description="CA certificates for a rediss:// broker; unset: those of the system"
    )
    redis_cert_file: Path | None = Field(None, description="client certificate for the broker")
    redis_key_file: Path | None = Field(None, description="private key of redis_cert_file")
    redis_verify: bool = Field(
        True, description="verify the certificate and host name of the broker"
    )
    store: str | None = Field(None, description="object store: s3://bucket/prefix or file:///path")
    home: Path = Field(
        default_factory=data_home,
        description="private folder for the embedded broker, default store, caches and logs",
    )
    s3_endpoint_url: str | None = Field(
        None, description="URL of an S3-compatible service; unset: AWS"
    )
    s3_region: str | None = Field(None, description="S3 region")
    s3_checksums: Literal["auto", "when_supported", "when_required"] = Field(
        "auto",
        description="checksums of S3 requests; auto: when_required where s3_endpoint_url is set",
    )
    s3_addressing: Literal["auto", "path", "virtual"] = Field(
        "auto", description="style of S3 URLs"
    )

    roles: str = Field(
        "pages,reduce,sweep", description="roles of a worker: any of pages, reduce, sweep"
    )

    max_pages: int = Field(20_000, ge=1, le=MAX_PAGES, description="maximum pages of a document")
    max_file_bytes: int = Field(2048 * MEBIBYTE, ge=1, description="maximum bytes of a document")
    max_page_pixels: int = Field(
        40_000_000, ge=10_000, description="maximum pixels of a rendered page"
    )
    page_timeout_s: float = Field(120, gt=0, description="maximum seconds to render one page")
    page_memory_mb: int = Field(
        3072,
        ge=256,
        description="memory limit in MiB of a process that renders or reads a page",
    )
    open_timeout_s: float = Field(
        120, gt=0, description="maximum seconds to open a document and count its pages"
    )

    broker_timeout_s: float = Field(
        30,
        ge=0.5,
        le=300,
        description="seconds that a worker waits for an answer of the broker before it connects "
        "again and reports that it is not ready",
    )
    lease_s: int = Field(
        120,
        ge=5,
        description="seconds after which the pages of a worker that does not renew are reclaimed",
    )
    drain_s: float = Field(
        20, ge=0, description="seconds for which a stopping worker finishes pages in flight"
    )
    max_attempts: int = Field(
        3, ge=1, description="failures of a page before it is recorded as failed"
    )
    quarantine_after: int = Field(
        2, ge=1, description="process deaths after which a page runs alone in its worker"
    )
    dispatch_window: int = Field(8, ge=1, description="minimum dispatch window in pages")
    max_open_jobs: int = Field(
        2000,
        ge=1,
        description="maximum jobs of one priority in Redis, with tenants up to twice as many; "
        "others wait in the store",
    )
    merge_at_once_pages: int = Field(
        4,
        ge=0,
        description="documents of at most this many pages are merged by the worker that reads "
        "their last page, unless its engine owns a GPU; 0: none",
    )
    sweep_interval_s: float = Field(10, gt=0, description="seconds between two sweeps")
    compatibility_level: int | None = Field(
        None,
        ge=FIRST_LEVEL,
        description="highest compatibility level of new jobs; set it to 1 before a rollback to 0.1",
    )
    adopt_open_jobs: bool = Field(
        True, description="add open jobs that are only in the store to the dispatch state"
    )
    pod_deletion_cost: bool = Field(
        False,
        description="in Kubernetes: the sweeper marks idle pods to be removed first; needs the "
        "right to patch pods",
    )
    retention_days: float | None = Field(
        None,
        gt=0,
        description="days after which ended jobs are removed; unset: 30 in the default store",
    )
    cache_bytes: int = Field(
        10_240 * MEBIBYTE, ge=0, description="bytes of the source cache of a machine"
    )

    webhook_secret: SecretStr | None = Field(None, description="key for the signatures of webhooks")
    webhook_allow_private: bool = Field(
        False, description="allow webhooks to loopback and private addresses"
    )
    webhook_timeout_s: float = Field(
        10, gt=0, le=300, description="maximum seconds of one webhook call"
    )
    webhook_max_tries: int = Field(
        10, ge=1, description="webhook calls before delivery is given up"
    )
    webhook_retry_s: float = Field(
        10, gt=0, description="seconds to wait after the first failed call; doubles up to an hour"
    )

    price_per_hour: float | None = Field(
        None, ge=0, description="price of one worker-hour, in any currency"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line over environment over file."""
        path = config_path()
        if path is None:
            return init_settings, env_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, path)

    @property
    def store_url(self) -> str:
        """URL of the object store; the default is a folder in ``home``."""
        return self.store or (self.home / "store").resolve().as_uri()

    @property
    def effective_retention_days(self) -> float | None:
        """Days after which ended jobs are removed; None: never."""
        return self.retention_days or (30.0 if self.store is None else None)

    def secret_words(self) -> tuple[str, ...]:
        """Secrets that must be masked in logs."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        secrets = {k: v.get_secret_value() for k, v in values.items() if isinstance(v, SecretStr)}
        # Only the password of the broker's address is secret, as it is and in percent code.
        urls = brokers(secrets.pop("redis_url", ""))
        passwords = [each for url in urls for each in (urlsplit(url).password, login_of(url)[1])]
        passwords += [urlsplit(url).password for url in self._broker_urls()]
        named = [*secrets.values(), *library_secrets()]
        words = [word for word in (*passwords, *named) if word and len(word) >= MIN_SECRET]
        return tuple(dict.fromkeys([*words, *map(unquote, words)]))

    @property
    def broker_count(self) -> int:
        """How many brokers the fleet has; more than one are its shards."""
        return len(self._broker_urls())

    def of_shards(self) -> "list[Settings]":
        """These settings for each shard; only themselves where there is one broker, or none."""
        if self.broker_count < 2:
            return [self]
        return [self.model_copy(update={"shard": number}) for number in range(self.broker_count)]

    def broker_url(self) -> str:
        """The address of the broker with its password; raises UsageError where it is unset."""
        urls = self._broker_urls()
        if not urls:
            raise UsageError(
                "no broker is configured: set PAGEFLEET_REDIS_URL=redis://host:6379/0, "
                "or use 'pagefleet run', which starts its own"
            )
        if self.shard is None and len(urls) > 1:
            raise UsageError(
                f"PAGEFLEET_REDIS_URL lists {len(urls)} brokers and this process serves one: "
                f"set PAGEFLEET_SHARD to a number from 0 to {len(urls) - 1}"
            )
        return urls[self.shard or 0]

    def _broker_urls(self) -> list[str]:
        if self.redis_url is None:
            return []
        password = self.redis_password
        plain = None if password is None else password.get_secret_value()
        urls = brokers(self.redis_url.get_secret_value())
        return [with_login(url, self.redis_username, plain) for url in urls]


def load_settings(**overrides: Any) -> Settings:
    """Settings from file, environment and ``overrides``, later ones first; raises UsageError."""
    _refuse_unknown_variables()
    return build_settings({k: v for k, v in overrides.items() if v is not None})


def build_settings(values: dict[str, Any]) -> Settings:
    """Settings with ``values`` over environment and file; raises UsageError for the first error."""
    try:
        used_config_file()
        settings = Settings(**values)
        _check_broker(settings)
        return settings
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][:1])
        if first["type"] == "extra_forbidden":
            raise UsageError(f"unknown setting {name!r}{_suggest(name)}") from None
        shown = "" if _is_secret(name) else f", not {first['input']!r}"
        raise UsageError(f"setting {name!r}: {first['msg']}{shown}") from None
    except OSError as error:
        raise UsageError(f"can't read {error.filename}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{config_path()} is not valid TOML: {error}") from None


def _check_broker(settings: Settings) -> None:
    if settings.redis_url is not None:
        try:
            check_list(settings.redis_url.get_secret_value())
        except ValueError as error:
            raise UsageError(f"setting 'redis_url': {error}") from None
        _check_shard(settings)


def _check_shard(settings: Settings) -> None:
    last = settings.broker_count - 1
    if settings.shard is not None and settings.shard > last:
        reason = f"redis_url lists {last + 1} brokers, so the last shard is {last}"
        raise UsageError(f"setting 'shard': {reason}, not {settings.shard}")


def used_config_file() -> Path | None:
    """The configuration file, if any; raises UsageError where it may not be used, or OSError."""
    check_config_file()
    path = config_path()
    if path == WORKING_FOLDER_FILE:
        check_working_folder_file(path, Settings.model_fields)
    return path


def as_environment(settings: Settings, without: Collection[str] = ()) -> dict[str, str]:
    """The environment for a child process that is to have the same ``settings``.

    ``without`` names secrets that the child does not need.
    """
    variables = other_variables()
    for name in settings.model_fields_set.difference(without):
        value = getattr(settings, name)
        if value is not None:
            variables[PREFIX + name.upper()] = _as_text(value)
    # Without it the child would read pagefleet.toml in its working folder.
    return {**variables, CONFIG_VARIABLE: devnull}


def _is_secret(name: str) -> bool:
    field = Settings.model_fields.get(name)
    return field is not None and "SecretStr" in str(field.annotation)


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, frozenset):
        return ",".join(str(page) for page in sorted(value))
    return str(value)


def _refuse_unknown_variables() -> None:
    for name in setting_variables():
        key = name.removeprefix(PREFIX).lower()
        if key not in Settings.model_fields and not _SERVICE_LINK.search(name):
            raise UsageError(f"unknown setting {name}{_suggest(key)}")


def _suggest(name: str) -> str:
    close = get_close_matches(name, list(Settings.model_fields), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
