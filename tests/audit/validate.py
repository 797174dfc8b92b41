"""Check published files with validators that share no code with the service.

    validate.py csvw DIR   every *.csv against its *.csv-metadata.json (CSV on the Web), and against RFC 4180
    validate.py json DIR   every JSON file against its schema in a folder "schemas": the one that its "$schema" names,
                           else the one of its own name, else table.schema.json if it has cells, else the only one

Prints one line of JSON with counts. On failure the reasons go to standard error and the exit code is 1. Nothing is
fetched from the network.
"""

import csv
import io
import json
import re
import sys
from pathlib import Path

import csvw
from jsonschema import validators
from referencing import Registry, Resource

# One record of RFC 4180: a quoted field holds doubled quotes only, a plain one no quote at all. Records end in CRLF.
FIELD = r'(?:"(?:[^"]|"")*"|[^",\r\n]*)'
RECORD = re.compile(rf"{FIELD}(?:,{FIELD})*(?:\r\n|\Z)")
# What a spreadsheet calculates. A number is none.
FORMULA = re.compile(r"(?!-?[0-9.]+\Z)\s*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")


def strict_json(path):
    """Duplicate names and NaN are read by many parsers, but not by all."""

    def once(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a name stands twice in one object")
        return dict(pairs)

    def refuse(word):
        raise ValueError(f"{word} is not JSON")

    return json.loads(path.read_bytes().decode("utf-8"), object_pairs_hook=once, parse_constant=refuse)


def records(path):
    text = path.read_bytes().decode("utf-8")
    if not text.startswith("\ufeff"):
        raise ValueError("does not start with a byte order mark: Excel takes its letters for others")
    text = text[1:]
    at = 0
    while match := RECORD.match(text, at) if at < len(text) else None:
        at = match.end()
    if at < len(text):
        line = text.count("\n", 0, at) + 1
        raise ValueError(f"line {line}: not RFC 4180 (a stray quote, or a line that does not end in CRLF)")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    for number, row in enumerate(rows, 1):
        if formula := next((cell for cell in row if FORMULA.match(cell)), None):
            raise ValueError(f"record {number}: a spreadsheet takes {formula!r} for a formula")
        if len(row) != len(rows[0]):
            raise ValueError(f"record {number}: {len(row)} fields, the header has {len(rows[0])}")
    return rows


def check_csv(path):
    """What is wrong with one CSV file; and how many rows it has."""
    metadata = path.with_name(path.name + "-metadata.json")
    rows = records(path)
    described = strict_json(metadata)
    table = next((t for t in described.get("tables", [described]) if t["url"] == path.name), None)
    if table is None:
        raise ValueError(f"{metadata.name} describes another file")
    # A schema elsewhere would have to be fetched.
    columns = [c for c in table["tableSchema"]["columns"] if not c.get("virtual")]
    names = [c["name"] for c in columns]
    if rows[0] != names:
        raise ValueError(f"the header is {rows[0]}, the columns are {names}")
    for column in columns:
        # By the standard the header must be one of the titles, where there are any. The package does not insist.
        if "titles" in column and f'"{column["name"]}"' not in json.dumps(column["titles"]):
            raise ValueError(f"the column {column['name']} is not among its own titles")
    # The package checks datatypes with their limits and formats, required cells, primary keys and foreign keys.
    package = csvw.CSVW(str(metadata), validate=True)
    if not package.is_valid:
        raise ValueError("; ".join(sorted({str(w.message) for w in package.warnings})))
    return len(rows) - 1


def check_all_csv(folder, reasons):
    counts = {"files": 0, "rows": 0}
    for path in sorted(folder.rglob("*.csv")):
        counts["files"] += 1
        try:
            counts["rows"] += check_csv(path)
        except Exception as why:  # whatever a broken file raises is a reason
            reasons.append(f"{path.relative_to(folder)}: {why or type(why).__name__}")
    for path in folder.rglob("*.csv-metadata.json"):
        if not path.with_name(path.name.removesuffix("-metadata.json")).exists():
            reasons.append(f"{path.relative_to(folder)}: describes no file")
    return counts


def check_all_json(folder, reasons):
    schemas = {path.name: strict_json(path) for path in sorted(folder.rglob("schemas/*.schema.json"))}
    registry = Registry()
    for name, schema in schemas.items():
        validators.validator_for(schema).check_schema(schema)
        registry = registry.with_resource(schema.get("$id", name), Resource.from_contents(schema))
    counts = {"files": 0, "schemas": len(schemas)}
    for path in sorted(folder.rglob("*.json")):
        if path.parent.name == "schemas" or path.name.endswith("-metadata.json"):
            continue
        counts["files"] += 1
        try:
            data = strict_json(path)
            schema = schemas.get(schema_name(path, data, schemas))
            if schema is None:
                raise ValueError("no schema for it")
            kind = validators.validator_for(schema)
            validator = kind(schema, registry=registry, format_checker=kind.FORMAT_CHECKER)
            reasons += [f"{path.relative_to(folder)}: {e.json_path}: {e.message}" for e in validator.iter_errors(data)]
        except Exception as why:
            reasons.append(f"{path.relative_to(folder)}: {why or type(why).__name__}")
    return counts


def schema_name(path, data, schemas):
    if "$schema" in data:
        ids = {schema.get("$id"): name for name, schema in schemas.items()}
        return ids.get(data["$schema"], data["$schema"].rsplit("/", 1)[-1])
    own = f"{path.stem}.schema.json"
    if own in schemas:
        return own
    if "cells" in data and "table.schema.json" in schemas:
        return "table.schema.json"
    return next(iter(schemas)) if len(schemas) == 1 else None


def main():
    checks = {"csvw": check_all_csv, "json": check_all_json}
    if len(sys.argv) != 3 or sys.argv[1] not in checks:
        sys.exit(__doc__)
    reasons = []
    counts = checks[sys.argv[1]](Path(sys.argv[2]), reasons)
    # A folder without files must not pass.
    if counts["files"] == 0:
        reasons.append("no file to check")
    print(json.dumps(counts | {"reasons": len(reasons)}))
    if reasons:
        sys.exit("\n".join(reasons))


if __name__ == "__main__":
    main()
