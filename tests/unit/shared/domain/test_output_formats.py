"""The table of output formats decides which files a document has."""

import pytest

from producer.delivery.stems import Stems
from shared.domain.formats.output_formats import MARKDOWN, OUTPUT_FORMATS, file_names
from shared.domain.records.job import Counts, Done
from tests.support.documents.merged import manifest, merged
from workers.maintenance.webhooks.message import message


def test_a_document_has_a_file_of_every_format_and_markdown_is_written_last() -> None:
    document = merged(["one", "two"])

    assert list(document.files) == [each.suffix for each in OUTPUT_FORMATS]
    assert list(document.files)[-1] == MARKDOWN.suffix
    assert all(file.data for file in document.files.values())
    assert [file.content_type for file in document.files.values()] == [
        each.content_type for each in OUTPUT_FORMATS
    ]


def test_a_webhook_names_the_file_of_every_format() -> None:
    body = message(manifest(1), Done(status="ok", counts=Counts(ok=1)), "s3://b/x").decode()

    for each in OUTPUT_FORMATS:
        assert f'"{each.name}":{{"key":' in body
        assert f'/document.{each.suffix}"' in body


@pytest.mark.parametrize("taken", file_names("b"))
def test_no_two_documents_of_a_command_share_a_file(taken: str) -> None:
    stems = Stems()

    assert stems.take("b.pdf") == "b"
    assert stems.take(f"{taken}.pdf") == f"{taken}-2"
