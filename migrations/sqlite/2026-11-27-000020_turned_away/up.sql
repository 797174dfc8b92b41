-- Cases that somebody asked for and was told are not there, until a job has looked whether a wall was the reason. The
-- case may be none: the same row is written in every such case.
CREATE TABLE turned_away (
    id TEXT NOT NULL PRIMARY KEY,
    staff_id TEXT NOT NULL REFERENCES staff (id),
    case_id TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX turned_away_in_order ON turned_away (at, id);
