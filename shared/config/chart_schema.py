"""Writes the settings into the chart's schema: ``python -m shared.config.chart_schema``.

``helm/pagefleet/values.schema.json`` is written by hand except its definitions ``settings``,
``variables``, ``env`` and ``engine``.
"""

import json
from pathlib import Path
from typing import Any

from shared.config.environment import PREFIX, SECRET_SETTINGS
from shared.config.settings import Settings
from shared.domain.catalogue import CATALOGUE

PATH = Path(__file__).parents[2] / "helm" / "pagefleet" / "values.schema.json"
#: Settings that the chart sets itself, and the value that each of them comes from.
OTHER_VALUES = {
    "engines_per_gpu": "pools.<name>.enginesPerGpu",
    "drain_s": "pools.<name>.drainSeconds",
    "fleet": "fleet",
    "lease_s": "leaseSeconds",
    "max_concurrency": "pools.<name>.concurrency",
    "metrics_port": "metrics.port",
    "model": "pools.<name>.model, or args of a watcher",
    "pipeline_parallel_size": "pools.<name>.pipelineParallel",
    "pod_deletion_cost": "podDeletionCost",
    "pools": "pools",
    "redis_ca_file": "redis.external.certificates.ca",
    "redis_cert_file": "redis.external.certificates.cert",
    "redis_key_file": "redis.external.certificates.key",
    "redis_sentinel_master": "redis.external.sentinel.master",
    "redis_username": "redis.external.username",
    "revision": "pools.<name>.revision, or args of a watcher",
    "s3_endpoint_url": "store.endpointUrl",
    "s3_region": "store.region",
    "store": "store.url",
    "tensor_parallel_size": "pools.<name>.tensorParallel",
    "traces": "traces.endpoint",
}
#: Settings for which there is no value.
CHART_ONLY = frozenset(
    {
        "engine_slot", "flower_host", "flower_port", "heartbeat_dir", "home", "metrics_host",
        "roles",
    }
)  # fmt: skip
_REFUSAL = "not here: values are no place for secrets; use the Secret of {}"
_NAMES_OF_SECRETS = {
    "engine_api_key": "pools.<name>.apiKeySecret",
    "flower_password": "flower.existingSecret",
    "redis_password": "redis.*.existingSecret",
    "redis_sentinel_password": "redis.external.sentinel.existingSecret",
    "redis_url": "redis.*.existingSecret",
    "webhook_secret": "webhookSecret",
}
#: Secrets of other libraries, and the value that names their Secret.
_OTHER_SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "store.existingSecret",
    "AWS_SESSION_TOKEN": "store.existingSecret",
    "HF_TOKEN": "modelCache.download.tokenSecret",
}
#: Keys of JSON Schema that Helm's validation and pydantic understand alike.
_KEYS = (
    "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "minLength", "maxLength", "pattern", "description",
)  # fmt: skip


def schema(text: str) -> str:
    """The schema ``text`` with its generated definitions written anew."""
    document = json.loads(text)
    definitions = document["definitions"]
    definitions["settings"] = settings_definition()
    definitions["variables"] = variables_definition()
    definitions["env"] = env_definition()
    definitions["engine"] = {"enum": [*CATALOGUE]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def settings_definition() -> dict[str, Any]:
    """Settings by name; a secret or a setting with a value of its own is refused in words."""
    full = Settings.model_json_schema()
    names = sorted(full["properties"])
    properties = {name: _property(name, full["properties"][name]) for name in names}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _property(name: str, field: dict[str, Any]) -> dict[str, Any]:
    if _is_secret(name, field):
        return {"const": _refusal(name)}
    if name in CHART_ONLY:
        return {"const": "not here: the chart sets it itself"}
    if name in OTHER_VALUES:
        return {"const": f"not here: set {OTHER_VALUES[name]}"}
    return _plain(field)


def variables_definition() -> dict[str, Any]:
    """Variables of a pool; secrets, and those that the chart sets, are refused in words."""
    settings = settings_definition()["properties"]
    own = {PREFIX + name.upper(): rule for name, rule in settings.items() if "const" in rule}
    properties = {**own, **{name: {"const": text} for name, text in _secret_variables().items()}}
    plain = {"type": ["string", "number", "boolean"]}
    return {
        "type": "object",
        "additionalProperties": plain,
        "properties": {name: properties[name] for name in sorted(properties)},
    }


def env_definition() -> dict[str, Any]:
    """A list of variables as in a container; the value of a secret is refused in words."""
    item = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "value": {"type": "string"},
            "valueFrom": {"type": "object"},
        },
        "required": ["name"],
        "allOf": [
            {
                "if": {"properties": {"name": {"const": name}}, "required": ["name"]},
                "then": {"properties": {"value": {"const": text}}},
            }
            for name, text in _secret_variables().items()
        ],
    }
    return {"type": "array", "items": item}


def _secret_variables() -> dict[str, str]:
    """The refusal of each environment variable that is a secret."""
    fields = Settings.model_json_schema()["properties"]
    own = {PREFIX + name.upper(): _refusal(name)
           for name, field in fields.items() if _is_secret(name, field)}  # fmt: skip
    others = {name: _REFUSAL.format(value) for name, value in _OTHER_SECRETS.items()}
    return dict(sorted({**own, **others}.items()))


def _refusal(secret: str) -> str:
    return _REFUSAL.format(_NAMES_OF_SECRETS.get(secret, "extraEnvFrom"))


def _is_secret(name: str, field: dict[str, Any]) -> bool:
    return name in SECRET_SETTINGS or field.get("format") == "password" or _holds_password(field)


def _holds_password(field: dict[str, Any]) -> bool:
    return any(choice.get("format") == "password" for choice in field.get("anyOf", ()))


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    """A property without pydantic's titles and defaults; null means unset and is left out."""
    if field.get("type") == "array":  # sets of pages, which variables write as "1,3-5"
        return {"type": "string"}
    plain = {key: field[key] for key in _KEYS if key in field}
    choices = [_plain(each) for each in field.get("anyOf", ()) if each.get("type") != "null"]
    if len(choices) == 1:
        return {**choices[0], **plain}
    return {**plain, "anyOf": choices} if choices else plain


if __name__ == "__main__":
    PATH.write_text(schema(PATH.read_text()))
