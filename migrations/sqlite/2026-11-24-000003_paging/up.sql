-- Who is at work when: the rota.
CREATE TABLE shifts (
    id TEXT NOT NULL PRIMARY KEY,
    staff_id TEXT NOT NULL REFERENCES staff (id),
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE INDEX shifts_by_end ON shifts (ends_at);

-- A case that somebody must be told about, until somebody takes it.
CREATE TABLE alarms (
    id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    reason TEXT NOT NULL,
    least_rung BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    rings BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE UNIQUE INDEX alarms_open ON alarms (case_id) WHERE closed_at IS NULL;
CREATE INDEX alarms_due ON alarms (next_at) WHERE closed_at IS NULL;

-- When somebody is to be told of a clock next: before it passes, and when it does.
ALTER TABLE clocks ADD COLUMN alarm_at BIGINT;
CREATE INDEX clocks_alarm ON clocks (alarm_at) WHERE met_at IS NULL AND stopped_at IS NULL;

-- Where pages go, sealed.
ALTER TABLE staff ADD COLUMN mail BLOB;
