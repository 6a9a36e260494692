"""Settings of tenants: whose pages are dispatched next, and how many of them may be outstanding."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field, field_validator

from shared.domain.records.base import Record

#: The name that stands for all tenants without an entry of their own.
ANY = "*"
#: The tenant of all that are beyond ``max_tenants``.
OTHER = "other"
MAX_WEIGHT, MAX_QUOTA, MAX_ENTRIES = 100, 10_000_000, 200
#: Characters of a tenant; a longer value of the label is cut.
MAX_CHARACTERS = 64


@dataclass(frozen=True)
class TenantLimits:
    """The weight of a tenant, and the most pages of a pool that it may have outstanding."""

    weight: int = 1
    quota: int | None = None


class TenantSettings(Record):
    """Which label of a job is its tenant, and what its tenants may use."""

    tenant_label: str = Field(
        "",
        max_length=100,
        description="name of the job label that is the tenant; unset: all jobs take turns alike",
    )
    tenant_weights: str = Field(
        "",
        max_length=20_000,
        description="shares of tenants in each lane, such as `search=3,research=1`; `*` is every "
        "other tenant; from 1 (default) to 100",
    )
    tenant_quotas: str = Field(
        "",
        max_length=20_000,
        description="maximum outstanding pages of a tenant in each pool, such as `research=500`; "
        "`*` is every other tenant; default: none",
    )
    max_tenants: int = Field(
        50,
        ge=0,
        le=1000,
        description="maximum tenants of a pool that neither setting names; further ones are the "
        "tenant `other` together",
    )

    @field_validator("tenant_weights")
    @classmethod
    def _are_weights(cls, value: str) -> str:
        parsed(value, MAX_WEIGHT)
        return value

    @field_validator("tenant_quotas")
    @classmethod
    def _are_quotas(cls, value: str) -> str:
        parsed(value, MAX_QUOTA)
        return value

    def tenant(self, labels: Mapping[str, str]) -> str | None:
        """The tenant of a job with these labels, "" where it has not got the label.

        None where no label is the tenant.
        """
        return labels.get(self.tenant_label, "")[:MAX_CHARACTERS] if self.tenant_label else None

    def tenant_limits(self) -> dict[str, TenantLimits]:
        """The limits of each tenant that a setting names; ``ANY`` are those of all others."""
        if not self.tenant_label:
            return {}
        weights = parsed(self.tenant_weights, MAX_WEIGHT)
        quotas = parsed(self.tenant_quotas, MAX_QUOTA)
        names = dict.fromkeys([ANY, *weights, *quotas])
        return {
            name: TenantLimits(
                weights.get(name, weights.get(ANY, 1)), quotas.get(name, quotas.get(ANY))
            )
            for name in names
        }


def parsed(text: str, most: int) -> dict[str, int]:
    """Numbers from 1 to ``most`` by name; raises ValueError."""
    numbers: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, number = (word.strip() for word in part.rpartition("="))
        if not name or not equals or not number.isdecimal() or not 1 <= int(number) <= most:
            raise ValueError(f"{part!r} is not TENANT=NUMBER, with a number from 1 to {most}")
        if name in numbers:
            raise ValueError(f"{name!r} is named twice")
        numbers[name] = int(number)
    if len(numbers) > MAX_ENTRIES:
        raise ValueError(f"more than {MAX_ENTRIES} tenants are named")
    return numbers
