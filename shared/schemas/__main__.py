"""Writes all schema files: ``python -m shared.schemas``."""

from shared.schemas import RECORDS, path_of, schema_text

if __name__ == "__main__":
    for name, record in RECORDS.items():
        path_of(name).write_text(schema_text(record), "utf-8")
