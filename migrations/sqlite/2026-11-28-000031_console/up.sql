-- What colleagues work with in the browser. A session is of a tool or of pages, and neither serves as the other.
ALTER TABLE staff_sessions ADD COLUMN kind TEXT NOT NULL DEFAULT 'api';
ALTER TABLE staff ADD COLUMN letter_keys BOOLEAN NOT NULL DEFAULT TRUE;
-- By which way she was reached, and what she told of how she may be.
ALTER TABLE notes ADD COLUMN channel TEXT;
ALTER TABLE notes ADD COLUMN contact BLOB;
-- An urgent case is offered to somebody, and whoever holds it keeps it until they take it.
CREATE TABLE case_offers (
    case_id TEXT NOT NULL PRIMARY KEY REFERENCES cases (id),
    staff_id TEXT NOT NULL REFERENCES staff (id),
    given_by TEXT NOT NULL REFERENCES staff (id),
    until BIGINT NOT NULL
);
CREATE INDEX case_offers_by_end ON case_offers (until, case_id);
CREATE INDEX case_offers_to ON case_offers (staff_id);
CREATE INDEX case_offers_of ON case_offers (given_by);
-- Who gave a case back is not offered it for a while.
CREATE TABLE case_passes (
    staff_id TEXT NOT NULL REFERENCES staff (id),
    case_id TEXT NOT NULL REFERENCES cases (id),
    until BIGINT NOT NULL,
    PRIMARY KEY (staff_id, case_id)
);
CREATE INDEX case_passes_of_case ON case_passes (case_id);
CREATE INDEX case_passes_by_end ON case_passes (until);
-- Where a case stands besides its own queue, with its category: what a list by category walks.
ALTER TABLE case_queues RENAME TO case_queues_before;
DROP INDEX case_queues_in_order;
CREATE TABLE case_queues (
    case_id TEXT NOT NULL REFERENCES cases (id),
    queue TEXT NOT NULL,
    mode TEXT NOT NULL,
    state TEXT NOT NULL,
    sort_rank BIGINT NOT NULL,
    category TEXT NOT NULL,
    PRIMARY KEY (case_id, queue)
);
INSERT INTO case_queues SELECT q.case_id, q.queue, q.mode, q.state, q.sort_rank, c.category
    FROM case_queues_before q JOIN cases c ON c.id = q.case_id;
DROP TABLE case_queues_before;
CREATE INDEX case_queues_in_order ON case_queues (mode, queue, state, sort_rank, case_id);
-- All open cases of a queue in their order, and those of a category.
CREATE INDEX cases_open ON cases (mode, queue, sort_rank, id) WHERE state <> 'closed';
CREATE INDEX cases_by_category ON cases (mode, queue, category, state, sort_rank, id);
CREATE INDEX case_queues_open ON case_queues (mode, queue, sort_rank, case_id) WHERE state <> 'closed';
CREATE INDEX case_queues_by_category ON case_queues (mode, queue, category, state, sort_rank, case_id);
CREATE INDEX acts_waiting ON acts (proposed_at, id) WHERE state = 'pending';
