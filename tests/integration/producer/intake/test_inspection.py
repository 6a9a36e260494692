"""Inspection accepts good documents, repairs damaged ones and refuses bad ones."""

import hashlib
import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from producer.intake.document import OpenedDocument
from producer.intake.input_file import input_file
from producer.intake.inspection import PRELOAD, Limits, inspect
from shared.config.settings import Settings
from shared.domain.errors import (
    CorruptDocument,
    DocumentError,
    EmptyInput,
    EncryptedDocument,
    NotADocument,
    TooLarge,
    TooManyPages,
    UnsupportedDocument,
    WrongPassword,
)
from shared.processes.sandbox import Sandbox
from tests.support.documents.pdf_samples import assemble, pdf, stream, text
from tests.support.paths import DATA

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="test documents are not here")
HANDBUILT = sorted((DATA / "robust" / "handbuilt").glob("*.pdf"))
#: One lacks its page object, one has no objects at all.
WITHOUT_PAGES = {"T02-03_006_page-object-missing.pdf", "minimal_test.pdf"}
DEFAULTS = Limits.from_settings(Settings())

Inspect = Callable[..., OpenedDocument]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("test", processes=1, memory_mb=512, preload=PRELOAD) as sandbox:
        yield sandbox


@pytest.fixture
def look(sandbox: Sandbox, tmp_path: Path) -> Inspect:
    def look_at(
        document: Path | bytes, password: str | None = None, limits: Limits = DEFAULTS
    ) -> OpenedDocument:
        if isinstance(document, bytes):
            path = tmp_path / "document.bin"
            path.write_bytes(document)
            document = path
        with input_file(document, tmp_path) as file:
            inspected = inspect(file, password, limits, sandbox, tmp_path / "decrypted.pdf")
        # The open file is closed now, so tests read it by its name.
        return replace(inspected, path=document) if inspected.path == file.path else inspected

    return look_at


def limits(**changed: Any) -> Limits:
    return replace(DEFAULTS, **changed)


def save_locked(plain: Path, locked: Path, user: str, owner: str) -> None:
    import pymupdf

    with pymupdf.open(plain, filetype="pdf") as document:
        method = pymupdf.PDF_ENCRYPT_AES_256
        document.save(locked, encryption=method, user_pw=user, owner_pw=owner, permissions=0)


def picture(
    mode: str = "L", size: tuple[int, int] = (30, 20), fmt: str = "PNG", **how: object
) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, fmt, **how)
    return buffer.getvalue()


def tiff(frames: int) -> bytes:
    rest = [Image.new("L", (8, 8), number % 256) for number in range(1, frames)]
    return picture(fmt="TIFF", save_all=True, append_images=rest)


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def test_a_good_pdf_is_counted_and_hashed_and_not_rewritten(look: Inspect, tmp_path: Path) -> None:
    document = pdf([text("one"), text("two"), text("three")])

    opened = look(document)

    assert (opened.kind, opened.page_count, opened.bytes) == ("pdf", 3, len(document))
    assert opened.sha256 == hashlib.sha256(document).hexdigest()
    assert opened.path == tmp_path / "document.bin"
    assert not (tmp_path / "decrypted.pdf").exists()


def test_the_suffix_of_a_file_is_ignored(look: Inspect, tmp_path: Path) -> None:
    disguised = tmp_path / "photo.jpg"
    disguised.write_bytes(pdf())

    assert look(disguised).kind == "pdf"


def test_a_pdf_with_leading_junk_is_accepted(look: Inspect) -> None:
    assert look(b"junk\n" * 100 + pdf([text("hello")])).page_count == 1


@needs_data
@pytest.mark.parametrize("path", HANDBUILT, ids=lambda path: path.stem[:24])
def test_a_broken_pdf_of_one_page_is_accepted_or_refused(path: Path, look: Inspect) -> None:
    if path.name in WITHOUT_PAGES:
        with pytest.raises(CorruptDocument):
            look(path)
        return

    document = look(path)

    assert document.page_count == 1
    # The stored file needs no further repair.
    stored = document.path.read_bytes()
    assert look(stored).sha256 == hashlib.sha256(stored).hexdigest()


@needs_data
@pytest.mark.parametrize(
    ("name", "kind", "pages"),
    [
        ("robust/enormous.pdf", "pdf", 1),
        ("robust/hugemono.pdf", "pdf", 1),
        ("robust/no_contents.pdf", "pdf", 1),
        ("robust/jbig2_baddevicen.pdf", "pdf", 1),
        ("robust/trivial.pdf", "pdf", 1),
        ("robust/baiona_cmyk.jpg", "jpg", 1),
        ("documents/redp5110_sampled.pdf", "pdf", 18),
        ("documents/2206.01062.tif", "tiff", 2),
        ("documents/webp-test.webp", "webp", 1),
        ("scans/multipage.pdf", "pdf", 6),
    ],
)
def test_real_documents_are_counted(look: Inspect, name: str, kind: str, pages: int) -> None:
    document = look(DATA / name)

    assert (document.kind, document.page_count) == (kind, pages)


@needs_data
def test_a_dynamic_xfa_form_is_refused(look: Inspect) -> None:
    with pytest.raises(UnsupportedDocument, match="XFA"):
        look(DATA / "robust" / "livecycle.pdf")


def test_the_placeholder_page_of_an_xfa_form_is_refused_and_a_filled_form_is_not(
    look: Inspect,
) -> None:
    def form(page: str) -> bytes:
        catalog = b"/AcroForm << /XFA 4 0 R /Fields [] >>"
        return pdf([text(page)], catalog_extra=catalog, objects=[stream(b"<x/>")])

    with pytest.raises(UnsupportedDocument, match="print it to a PDF"):
        look(form("Please wait..."))
    assert look(form("Name: Jane Doe")).page_count == 1


@needs_data
def test_an_encrypted_pdf_needs_its_password(look: Inspect) -> None:
    document = DATA / "documents" / "2206.01062_pg3.pdf"

    with pytest.raises(EncryptedDocument, match="--password-file"):
        look(document)
    with pytest.raises(WrongPassword):
        look(document, "4321")


@needs_data
def test_a_decrypted_pdf_is_stored_with_the_same_bytes_each_time(look: Inspect) -> None:
    document = DATA / "documents" / "2206.01062_pg3.pdf"

    first = look(document, "1234")
    stored = first.path.read_bytes()
    second = look(document, "1234")

    assert first == second
    assert first.path != document
    assert first.sha256 == hashlib.sha256(stored).hexdigest()
    assert look(stored).page_count == 1


def test_a_pdf_with_only_an_owner_password_is_not_rewritten(
    look: Inspect, sandbox: Sandbox, tmp_path: Path
) -> None:
    plain, locked = tmp_path / "plain", tmp_path / "locked"
    plain.write_bytes(pdf([text("hello")]))
    sandbox.run(save_locked, plain, locked, "", "secret", timeout_s=30)

    assert look(locked).path == locked


def test_a_password_for_an_unencrypted_pdf_is_ignored(look: Inspect) -> None:
    assert look(pdf(), "needless").page_count == 1


def test_passwords_of_any_script_open_a_pdf(
    look: Inspect, sandbox: Sandbox, tmp_path: Path
) -> None:
    plain, locked = tmp_path / "plain", tmp_path / "locked"
    plain.write_bytes(pdf([text("hello")]))
    sandbox.run(save_locked, plain, locked, "пароль密码", "other", timeout_s=30)

    assert look(locked, "пароль密码").page_count == 1


@pytest.mark.parametrize("declared", [0, 1, 7, 1_000_000_000, -3])
def test_a_wrong_page_count_in_the_page_tree_is_repaired(look: Inspect, declared: int) -> None:
    document = look(pdf([text("one"), text("two")], count=declared))

    assert document.page_count == 2
    assert look(document.path.read_bytes()).path.name == "document.bin"


def test_repairing_a_page_tree_gives_the_same_bytes_each_time(look: Inspect) -> None:
    document = pdf([text("one"), text("two")], count=9)

    assert look(document).sha256 == look(document).sha256


def test_wrong_counts_of_inner_nodes_are_repaired(look: Inspect, tmp_path: Path) -> None:
    page = b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 99 99] >>"
    document = assemble(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 4 >>",
            b"<< /Type /Pages /Parent 2 0 R /Kids [5 0 R 6 0 R 7 0 R] /Count 1 >>",
            b"<< /Type /Pages /Parent 2 0 R /Kids [8 0 R] /Count 3 >>",
            *(page % parent for parent in (3, 3, 3, 4)),
        ]
    )

    opened = look(document)

    assert (opened.page_count, opened.path) == (4, tmp_path / "decrypted.pdf")


def test_a_repaired_page_tree_keeps_inherited_page_sizes(look: Inspect) -> None:
    document = assemble(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 5 /MediaBox [0 0 123 45] >>",
            b"<< /Type /Page /Parent 2 0 R >>",
        ]
    )

    assert b"/MediaBox[0 0 123 45]" in look(document).path.read_bytes().replace(b" [", b"[")


def test_a_cyclic_page_tree_is_read_once(look: Inspect) -> None:
    document = assemble(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [2 0 R 3 0 R 2 0 R] /Count 3 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>",
        ]
    )

    assert look(document).page_count == 1


def test_a_garbage_page_object_does_not_hide_other_pages(look: Inspect) -> None:
    document = assemble(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>",
            b"<< /Type /Page /Parent ]]>> <<",
        ]
    )

    assert look(document).page_count in (1, 2)


def test_a_document_with_too_many_pages_is_refused(look: Inspect) -> None:
    document = pdf([b""] * 6)

    assert look(document, limits=limits(max_pages=6)).page_count == 6
    with pytest.raises(TooManyPages, match="max_pages"):
        look(document, limits=limits(max_pages=5))


def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    look: Inspect, tmp_path: Path
) -> None:
    sparse = tmp_path / "sparse.pdf"
    with sparse.open("wb") as file:
        file.truncate(3 * 1024**3)

    with pytest.raises(TooLarge, match="max_file_bytes"):
        look(sparse)


def test_an_empty_file_is_refused(look: Inspect) -> None:
    with pytest.raises(EmptyInput):
        look(b"")


@pytest.mark.parametrize("rest", [b"", b"%PDF-1.7\n", b"%PDF-1.4\n" + b"\0" * 5000])
def test_a_header_without_a_document_is_corrupt(look: Inspect, rest: bytes) -> None:
    with pytest.raises(CorruptDocument):
        look(b"%PDF-1.7\n" + rest)


def test_a_truncated_pdf_is_repaired_or_refused_but_never_hangs(look: Inspect) -> None:
    whole = pdf([text("page")] * 5)
    for length in range(40, len(whole), 97):
        try:
            assert 1 <= look(whole[:length]).page_count <= 5
        except DocumentError as error:
            assert error.code in ("corrupt", "not_a_document")


def test_folders_pipes_devices_and_missing_files_are_refused(look: Inspect, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(NotADocument, match="No such file"):
        look(tmp_path / "missing.pdf")
    with pytest.raises(UnsupportedDocument, match="folder"):
        look(tmp_path)
    with pytest.raises(UnsupportedDocument, match="pipe"):
        look(tmp_path / "pipe")
    with pytest.raises(UnsupportedDocument, match="device"):
        look(Path("/dev/zero"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused(look: Inspect, tmp_path: Path) -> None:
    path = tmp_path / "secret.pdf"
    path.write_bytes(pdf())
    path.chmod(0)

    with pytest.raises(NotADocument, match="Permission denied"):
        look(path)


def test_an_unsupported_format_is_named_and_refused(look: Inspect) -> None:
    with pytest.raises(UnsupportedDocument, match="GIF"):
        look(picture(fmt="GIF"))


@pytest.mark.parametrize("frames", [1, 2, 40])
def test_the_frames_of_a_tiff_are_its_pages(look: Inspect, frames: int) -> None:
    assert look(tiff(frames)).page_count == frames


def test_a_tiff_with_too_many_frames_is_refused(look: Inspect) -> None:
    with pytest.raises(TooManyPages):
        look(tiff(12), limits=limits(max_pages=11))


def test_an_unreadable_tiff_frame_is_counted(look: Inspect) -> None:
    whole = tiff(3)
    with Image.open(io.BytesIO(whole)) as image:
        image.seek(2)
        assert isinstance(image, TiffImageFile)
        last_directory = image.tag_v2._offset
    broken = whole[:last_directory] + b"\xff\xff" + b"\xee" * 40

    assert look(broken).page_count == 3


def test_an_animated_image_is_one_page(look: Inspect) -> None:
    more = [Image.new("L", (30, 20), 200)]

    assert look(picture(fmt="WEBP", save_all=True, append_images=more)).page_count == 1
    assert look(picture(fmt="PNG", save_all=True, append_images=more)).page_count == 1


def test_an_image_too_large_to_decode_is_refused(look: Inspect) -> None:
    with pytest.raises(TooLarge, match="60000 x 60000"):
        look(png_that_claims(60_000, 60_000))


def test_an_image_without_a_body_is_refused_or_one_page(look: Inspect) -> None:
    with pytest.raises(CorruptDocument, match="JPEG"):
        look(b"\xff\xd8\xff\xe0" + b"\0" * 100)


def test_a_document_that_takes_too_long_is_refused(look: Inspect) -> None:
    with pytest.raises(CorruptDocument, match="open_timeout_s"):
        look(pdf([b""] * 3000), limits=limits(open_timeout_s=0.001))


def test_a_document_that_needs_too_much_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.pdf"
    path.write_bytes(pdf(catalog_extra=b"/Hoard [" + b"(a)" * 1_500_000 + b"]"))

    with (
        Sandbox("test", processes=1, memory_mb=32, preload=PRELOAD) as tight,
        input_file(path, tmp_path) as file,
        pytest.raises(TooLarge, match="page_memory_mb"),
    ):
        inspect(file, None, DEFAULTS, tight, tmp_path / "decrypted.pdf")
