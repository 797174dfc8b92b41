-- Cases that somebody asked for and was told are not there, until a job has looked whether a wall was the reason. The
-- case may be none: the same row is written in every such case.
CREATE TABLE turned_away (
    id TEXT NOT NULL PRIMARY KEY,
    staff_id TEXT NOT NULL REFERENCES staff (id),
    case_id TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX turned_away_in_order ON turned_away (at, id);

-- What reporters are told of the rota: from the full hour after a change. A shift that was taken off is told of until then.
ALTER TABLE shifts ADD COLUMN shown_from BIGINT NOT NULL DEFAULT 0;
ALTER TABLE shifts ADD COLUMN shown_until BIGINT;
ALTER TABLE shifts ADD COLUMN removed_at BIGINT;
-- When it was looked at whether anybody of the shift had signed in.
ALTER TABLE shifts ADD COLUMN looked_at BIGINT;

-- What the reporter was told: the same again whenever the report is sent again.
ALTER TABLE reports ADD COLUMN staffed BOOLEAN NOT NULL DEFAULT FALSE;
