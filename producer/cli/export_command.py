"""Declares the command that exports a collection."""

from typing import Any

import click


@click.command(
    name="export",
    epilog="""\b
Examples:
  pagefleet export corpus-1 --to s3://bucket/exports/corpus-1
  pagefleet export corpus-1 --to ./corpus-1 --format parquet
  (cd corpus-1 && sha256sum -c SHA256SUMS)
""",
)
@click.argument("name")
@click.option(
    "--to", required=True, metavar="PLACE", help="A folder, or an s3:// address, for this export."
)
@click.option(
    "--format",
    "shard_format",
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="JSON lines in the style of Dolma, or Parquet with the same columns (needs the extra "
    "'parquet').",
)
@click.option(
    "--shard-mb",
    type=click.IntRange(1, 10_000),
    default=256,
    show_default=True,
    metavar="N",
    help="End a file at about N million bytes.",
)
@click.option(
    "--shard-documents",
    type=click.IntRange(1, 100_000),
    default=100_000,
    show_default=True,
    metavar="N",
    help="End a file after N documents.",
)
@click.option(
    "--partial",
    is_flag=True,
    help="Export also while jobs have not ended; these are listed as failures.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON line.")
def export_collection(**values: Any) -> int:
    """Write the results of a collection as a few large files.

    NAME is the collection of 'submit --collection'. PLACE gets the files part-NNNNN, SHA256SUMS
    and manifest.json, which is written last and lists every document without a row. Exported
    again, also after a kill, only files whose documents have changed are written. Works from the
    store alone. The exit code is 3 if a document has no row.
    """
    from producer.commands.export import ExportOptions, export_documents

    return export_documents(ExportOptions(**values))
