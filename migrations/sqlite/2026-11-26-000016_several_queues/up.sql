-- The queues of the groups of reports that joined later.
ALTER TABLE cases ADD COLUMN also TEXT;

-- Where a case stands besides its own queue: what a list of that queue walks, in the order of the list.
CREATE TABLE case_queues (
    case_id TEXT NOT NULL REFERENCES cases (id),
    queue TEXT NOT NULL,
    mode TEXT NOT NULL,
    state TEXT NOT NULL,
    sort_rank BIGINT NOT NULL,
    PRIMARY KEY (case_id, queue)
);
CREATE INDEX case_queues_in_order ON case_queues (mode, queue, state, sort_rank, case_id);
