"""The store checks of ``doctor``, on real services and on one that lacks a feature."""

from contextlib import suppress

import pytest
from botocore.exceptions import ClientError

from shared.config.settings import Settings
from shared.console.conditional_writes import check_conditional_writes
from shared.console.store_probe import check_store
from shared.domain.errors import StoreUnreachable, UsageError
from shared.storage.factory import open_store
from shared.storage.s3_client import forget_clients
from tests.conftest import SettingsFactory
from tests.support.servers.moto_server import REGION, Moto
from tests.support.servers.stripping_proxy import without_headers


@pytest.fixture
def moto_settings(
    moto: Moto, settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> SettingsFactory:
    """Builds settings whose store is at moto, through ``endpoint`` or directly."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    forget_clients()
    where = {"LocationConstraint": REGION}
    with suppress(ClientError):  # there from the test before
        moto.client("s3").create_bucket(Bucket="probed", CreateBucketConfiguration=where)

    def make(endpoint: str | None = None) -> Settings:
        common = {"store": "s3://probed/store", "s3_region": REGION}
        return settings(**common, s3_endpoint_url=endpoint or moto.endpoint)

    return make


def test_a_store_with_all_features_passes_and_keeps_no_probe_object(
    store_settings: SettingsFactory,
) -> None:
    made = store_settings()

    found = check_store(made)

    assert (found.verdict, found.mend) == ("ok", "")
    assert list(open_store(made).list("probe/")) == []


def test_a_store_that_ignores_conditional_writes_is_refused_with_the_reason(
    moto_settings: SettingsFactory,
) -> None:
    straight = moto_settings()
    with without_headers(str(straight.s3_endpoint_url), ["If-None-Match"]) as endpoint:
        ignoring = moto_settings(endpoint)
        with pytest.raises(StoreUnreachable, match="read twice"):
            check_store(ignoring)
        with pytest.raises(StoreUnreachable, match="read twice"):
            check_conditional_writes(open_store(ignoring))
    check_conditional_writes(open_store(straight))
    assert list(open_store(straight).list("probe/")) == []


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ("Range", "ranged reads"),
        ("If-Match", "ignores If-Match"),
        ("x-amz-copy-source", "copy"),
    ],
)
def test_a_missing_feature_is_a_warning_that_explains_the_effect(
    moto_settings: SettingsFactory, header: str, complaint: str
) -> None:
    straight = moto_settings()
    with without_headers(str(straight.s3_endpoint_url), [header]) as endpoint:
        found = check_store(moto_settings(endpoint))

    assert found.verdict == "warning"
    assert complaint in found.mend


@pytest.mark.parametrize(
    ("store", "endpoint", "reason"),
    [
        ("gs://bucket/prefix", None, "Google Cloud Storage can't be the store"),
        ("az://container/prefix", None, "Azure Blob Storage can't be the store"),
        ("abfss://container@account.dfs.core.windows.net/x", None, "Azure Blob Storage"),
        ("https://account.blob.core.windows.net/container", None, "Azure Blob Storage"),
        ("s3://bucket/prefix", "https://storage.googleapis.com", "ignores If-None-Match"),
    ],
)
def test_a_service_without_usable_conditional_writes_is_refused_by_name(
    settings: SettingsFactory, store: str, endpoint: str | None, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        check_store(settings(store=store, s3_endpoint_url=endpoint))
    assert "use S3" in caught.value.message
