-- Why an act that waited for a second person became void.
ALTER TABLE acts ADD COLUMN void_cause TEXT COLLATE "C";
CREATE INDEX acts_waiting_of ON acts (proposed_by) WHERE state = 'pending';
-- What waits for a second person, the oldest first.
CREATE INDEX acts_in_order ON acts (state, proposed_at, id);
UPDATE acts SET state = 'void', void_cause = 'case_closed'
    WHERE state = 'pending' AND case_id IN (SELECT id FROM cases WHERE state = 'closed');

-- Whom an alarm told when it rang last: it rings again at once when none of them may hear of the case any more.
ALTER TABLE alarms ADD COLUMN told TEXT COLLATE "C";

-- Claims and hand-overs that live: whether their holders still have the right to them is looked at again and again.
CREATE INDEX cases_claimed ON cases (claimed_until) WHERE claimed_until IS NOT NULL;
CREATE INDEX cases_reserved ON cases (reserved_until) WHERE reserved_until IS NOT NULL;

-- Open cases that nobody may work on, since when, and when that was last told.
CREATE TABLE unseen_cases (
    case_id TEXT COLLATE "C" PRIMARY KEY REFERENCES cases (id),
    since BIGINT NOT NULL,
    told_at BIGINT NOT NULL
);
