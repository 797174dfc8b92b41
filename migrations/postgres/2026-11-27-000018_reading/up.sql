-- When what was said in a case last grew; since when whoever holds it now has read all of that, and done something about it.
ALTER TABLE cases ADD COLUMN content_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN read_at BIGINT;
ALTER TABLE cases ADD COLUMN acted_at BIGINT;

-- What each colleague has read of a case: all up to content_at.
CREATE TABLE readings (
    case_id TEXT COLLATE "C" NOT NULL REFERENCES cases (id),
    staff_id TEXT COLLATE "C" NOT NULL REFERENCES staff (id),
    content_at BIGINT NOT NULL,
    read_at BIGINT NOT NULL,
    PRIMARY KEY (case_id, staff_id)
);

-- Whose claims have stilled an alarm already: each of them does so once.
ALTER TABLE alarms ADD COLUMN stilled_by TEXT COLLATE "C";

-- The human behind an account: who has two of them is one person.
ALTER TABLE staff ADD COLUMN person TEXT COLLATE "C" NOT NULL DEFAULT '';
