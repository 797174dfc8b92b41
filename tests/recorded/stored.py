"""What stands in the database afterwards: its schema, how many rows each table has, and what was put on record by whom."""

import sqlite3

# Alarms ring after minutes: how many have rung by now hangs on how old the demo is, and how long the run took.
RUNG = "_paged"
VARYING = {"audit_digests", "audit_events", "outbox", "unseen_cases"}

def write(record, service):
    database = sqlite3.connect(f"file:{service.data / 'recourse.sqlite3'}?mode=ro", uri=True)
    record.heading("The database")
    for name, text in database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"):
        record.write(f"{name}: {text}")
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    for (name,) in database.execute(tables).fetchall():
        if name not in VARYING:
            (count,) = database.execute(f'SELECT count(*) FROM "{name}"').fetchone()
            record.write(f"{name}: {count} rows")
    record.heading("The record")
    entries = "SELECT chain, at, actor_kind, actor, kind, details FROM audit_events ORDER BY chain, seq"
    chains = {}
    for chain, at, *entry in database.execute(entries):
        if not entry[2].endswith(RUNG):
            chains.setdefault(chain, []).append((at, "  ".join(str(value) for value in entry)))
    # As they began: the ids of this run are drawn.
    for chain, lines in sorted(chains.items(), key=lambda one: (one[1][0][0], one[0])):
        record.write(record.plain.text("\n  ".join([chain, *(text for _, text in lines)])))
    database.close()
