"""JSON Schemas of all records that are stored or sent, as files in this folder."""

import json
from pathlib import Path

from shared.document.record import DocumentRecord
from shared.domain.collections.corpus_line import CorpusLine
from shared.domain.collections.records import Collection, EndsPart, MembersPart
from shared.domain.records.base import Record
from shared.domain.records.job import Delivery, Done, Manifest
from shared.domain.records.messages import PageMessage, ReduceMessage
from shared.domain.records.page_result import PageResult
from shared.domain.submission_record import SubmissionRecord
from shared.domain.webhooks.message import WebhookMessage

FOLDER = Path(__file__).parent
RECORDS: dict[str, type[Record]] = {
    "page-result": PageResult,
    "manifest": Manifest,
    "done": Done,
    "document": DocumentRecord,
    "page-message": PageMessage,
    "reduce-message": ReduceMessage,
    "delivery": Delivery,
    "webhook": WebhookMessage,
    "submission": SubmissionRecord,
    "corpus-line": CorpusLine,
    "collection": Collection,
    "collection-members": MembersPart,
    "collection-ends": EndsPart,
}


def schema_text(record: type[Record]) -> str:
    """The JSON Schema of ``record`` as it is stored, with a final newline."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **record.model_json_schema(by_alias=True, mode="serialization"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def path_of(name: str) -> Path:
    """The file of the schema called ``name``."""
    return FOLDER / f"{name}.json"
