-- Times are microseconds since 1970 in UTC. Ids, times and defaults are made by the service. Sealed content is a BLOB.

CREATE TABLE keyrings (
    id TEXT NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
);

-- A data key belongs to one owner and one scope; each wrap names who can open it. No wrap: erased.
CREATE TABLE key_wraps (
    owner TEXT NOT NULL,
    scope TEXT NOT NULL,
    recipient_kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    wrapped BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (owner, scope, recipient_kind, recipient)
) WITHOUT ROWID;

CREATE TABLE platforms (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    audit_seq BIGINT NOT NULL,
    audit_head BLOB NOT NULL
);

CREATE TABLE platform_clients (
    id TEXT NOT NULL PRIMARY KEY,
    platform_id TEXT NOT NULL REFERENCES platforms (id),
    mode TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX platform_clients_by_platform ON platform_clients (platform_id);

CREATE TABLE staff (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    queues TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    totp_secret BLOB NOT NULL,
    totp_step BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    active BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    acted_at BIGINT,
    audit_seq BIGINT NOT NULL,
    audit_head BLOB NOT NULL
);

CREATE TABLE staff_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    staff_id TEXT NOT NULL REFERENCES staff (id),
    epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX staff_sessions_by_expiry ON staff_sessions (expires_at);

-- What a colleague declared about themselves and those close to them, as keyed hashes: the wall of each such case.
CREATE TABLE staff_identifiers (
    digest BLOB NOT NULL,
    staff_id TEXT NOT NULL REFERENCES staff (id),
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (staff_id, digest)
) WITHOUT ROWID;

CREATE TABLE cases (
    id TEXT NOT NULL PRIMARY KEY,
    platform_id TEXT NOT NULL REFERENCES platforms (id),
    mode TEXT NOT NULL,
    pair_digest BLOB,
    category TEXT NOT NULL,
    child BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT,
    queue TEXT NOT NULL,
    priority TEXT NOT NULL,
    priority_source TEXT NOT NULL,
    computed_priority TEXT NOT NULL,
    raised_priority TEXT,
    lowering_act TEXT,
    next_due_at BIGINT NOT NULL,
    sort_rank BIGINT NOT NULL,
    assigned_to TEXT REFERENCES staff (id),
    claimed_until BIGINT,
    reserved_until BIGINT,
    held_until BIGINT,
    received_at BIGINT NOT NULL,
    closed_at BIGINT,
    audit_seq BIGINT NOT NULL,
    audit_head BLOB NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX cases_by_pair ON cases (pair_digest, platform_id, mode) WHERE pair_digest IS NOT NULL;
CREATE INDEX cases_in_order ON cases (mode, queue, state, sort_rank, id);
CREATE INDEX cases_by_holder ON cases (assigned_to, sort_rank, id) WHERE assigned_to IS NOT NULL;
CREATE INDEX cases_on_hold ON cases (held_until) WHERE held_until IS NOT NULL;

CREATE TABLE reports (
    id TEXT NOT NULL PRIMARY KEY,
    platform_id TEXT NOT NULL REFERENCES platforms (id),
    mode TEXT NOT NULL,
    case_id TEXT NOT NULL REFERENCES cases (id),
    platform_report_ref TEXT NOT NULL,
    category TEXT NOT NULL,
    relation TEXT NOT NULL,
    desired_outcome TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    human_review_by BIGINT NOT NULL,
    body_digest BLOB NOT NULL,
    status TEXT NOT NULL,
    outcome TEXT,
    withdrawn_at BIGINT,
    statement BLOB NOT NULL,
    identity BLOB NOT NULL,
    answers BLOB NOT NULL,
    contact BLOB,
    subject BLOB,
    event_seq BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX reports_by_ref ON reports (platform_report_ref, platform_id, mode);
CREATE INDEX reports_of_platform ON reports (platform_id, mode, received_at, id);
CREATE INDEX reports_of_case ON reports (case_id);

CREATE TABLE additions (
    id TEXT NOT NULL PRIMARY KEY,
    report_id TEXT NOT NULL REFERENCES reports (id),
    case_id TEXT NOT NULL REFERENCES cases (id),
    received_at BIGINT NOT NULL,
    statement BLOB,
    answers BLOB,
    subject BLOB
);
CREATE INDEX additions_of_case ON additions (case_id);

CREATE TABLE assessments (
    id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    ruleset TEXT NOT NULL,
    priority TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX assessments_of_case ON assessments (case_id, seq);

CREATE TABLE clocks (
    id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    kind TEXT NOT NULL,
    request_id TEXT,
    report_id TEXT,
    started_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    met_at BIGINT,
    stopped_at BIGINT
);
CREATE INDEX clocks_of_case ON clocks (case_id);
CREATE INDEX clocks_due ON clocks (due_at) WHERE met_at IS NULL AND stopped_at IS NULL;

CREATE TABLE notes (
    id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    author TEXT NOT NULL,
    at BIGINT NOT NULL,
    records TEXT,
    body BLOB NOT NULL
);
CREATE INDEX notes_of_case ON notes (case_id, at);

CREATE TABLE acts (
    id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at BIGINT NOT NULL,
    decided_by TEXT,
    decided_at BIGINT,
    body BLOB NOT NULL
);
CREATE INDEX acts_of_case ON acts (case_id);

CREATE TABLE requests (
    id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    report_id TEXT NOT NULL REFERENCES reports (id),
    platform_id TEXT NOT NULL REFERENCES platforms (id),
    mode TEXT NOT NULL,
    action TEXT NOT NULL,
    state TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    not_before BIGINT,
    preserve_until BIGINT,
    subject_notice TEXT NOT NULL,
    single_contact_check BOOLEAN NOT NULL,
    confidential BOOLEAN NOT NULL,
    agreement TEXT NOT NULL,
    reason_code TEXT,
    taken_at BIGINT,
    subject_notified BOOLEAN,
    answered_at BIGINT,
    details BLOB NOT NULL,
    answer BLOB,
    version BIGINT NOT NULL
);
CREATE INDEX requests_of_platform ON requests (platform_id, mode, made_at, id);
CREATE INDEX requests_of_case ON requests (case_id);
CREATE INDEX requests_due ON requests (due_at) WHERE state IN ('open', 'acknowledged');

CREATE TABLE case_links (
    case_id TEXT NOT NULL REFERENCES cases (id),
    other_id TEXT NOT NULL REFERENCES cases (id),
    linked_by TEXT NOT NULL,
    linked_at BIGINT NOT NULL,
    PRIMARY KEY (case_id, other_id)
) WITHOUT ROWID;

-- Keyed hashes of who a case names, under a key apart from the sealing keys.
CREATE TABLE blind_indexes (
    digest BLOB NOT NULL,
    case_id TEXT NOT NULL REFERENCES cases (id),
    role TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (case_id, digest, role)
) WITHOUT ROWID;
CREATE INDEX blind_indexes_by_digest ON blind_indexes (digest);

CREATE TABLE audit_events (
    chain TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    details TEXT NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (chain, seq)
) WITHOUT ROWID;

CREATE TABLE audit_digests (
    at BIGINT NOT NULL PRIMARY KEY,
    chains BIGINT NOT NULL,
    digest BLOB NOT NULL,
    signature BLOB NOT NULL
);

CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    dedupe_key TEXT UNIQUE,
    created_at BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    lease_until BIGINT,
    lease_by TEXT,
    done_at BIGINT,
    dead_at BIGINT,
    last_error TEXT
);
CREATE INDEX outbox_ready ON outbox (run_at) WHERE done_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

CREATE TABLE events (
    id TEXT NOT NULL PRIMARY KEY,
    platform_id TEXT NOT NULL REFERENCES platforms (id),
    mode TEXT NOT NULL,
    position BIGINT,
    sequence BIGINT NOT NULL,
    type TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    report_id TEXT,
    request_id TEXT
);
CREATE INDEX events_in_order ON events (platform_id, mode, position);
CREATE INDEX events_by_age ON events (created_at);

CREATE TABLE event_cursors (
    platform_id TEXT NOT NULL REFERENCES platforms (id),
    mode TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (platform_id, mode)
) WITHOUT ROWID;

CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    owner TEXT,
    answer BLOB,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE queue_counts (
    mode TEXT NOT NULL,
    queue TEXT NOT NULL,
    depth BIGINT NOT NULL,
    oldest_at BIGINT,
    breaches BIGINT NOT NULL,
    as_of BIGINT NOT NULL,
    PRIMARY KEY (mode, queue)
) WITHOUT ROWID;
