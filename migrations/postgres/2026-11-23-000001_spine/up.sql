-- Times are microseconds since 1970 in UTC. Ids, times and defaults are made by the service. Sealed content is BYTEA.
-- Ids compare by byte (COLLATE "C"), as the service compares them.

CREATE TABLE keyrings (
    id TEXT COLLATE "C" PRIMARY KEY,
    created_at BIGINT NOT NULL
);

-- A data key belongs to one owner and one scope; each wrap names who can open it. No wrap: erased.
CREATE TABLE key_wraps (
    owner TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    recipient_kind TEXT COLLATE "C" NOT NULL,
    recipient TEXT COLLATE "C" NOT NULL,
    wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (owner, scope, recipient_kind, recipient)
);

CREATE TABLE platforms (
    id TEXT COLLATE "C" PRIMARY KEY,
    slug TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    audit_seq BIGINT NOT NULL,
    audit_head BYTEA NOT NULL
);

CREATE TABLE platform_clients (
    id TEXT COLLATE "C" PRIMARY KEY,
    platform_id TEXT COLLATE "C" NOT NULL REFERENCES platforms (id),
    mode TEXT COLLATE "C" NOT NULL,
    secret_hash BYTEA NOT NULL,
    scopes TEXT COLLATE "C" NOT NULL,
    epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX platform_clients_by_platform ON platform_clients (platform_id);

CREATE TABLE staff (
    id TEXT COLLATE "C" PRIMARY KEY,
    username TEXT COLLATE "C" NOT NULL UNIQUE,
    role TEXT COLLATE "C" NOT NULL,
    queues TEXT COLLATE "C" NOT NULL,
    password_hash TEXT NOT NULL,
    totp_secret BYTEA NOT NULL,
    totp_step BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    active BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    acted_at BIGINT,
    audit_seq BIGINT NOT NULL,
    audit_head BYTEA NOT NULL
);

CREATE TABLE staff_sessions (
    id TEXT COLLATE "C" PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,
    staff_id TEXT COLLATE "C" NOT NULL REFERENCES staff (id),
    epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX staff_sessions_by_expiry ON staff_sessions (expires_at);

-- What a colleague declared about themselves and those close to them, as keyed hashes: the wall of each such case.
CREATE TABLE staff_identifiers (
    digest BYTEA NOT NULL,
    staff_id TEXT COLLATE "C" NOT NULL REFERENCES staff (id),
    kind TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (staff_id, digest)
);

CREATE TABLE cases (
    id TEXT COLLATE "C" PRIMARY KEY,
    platform_id TEXT COLLATE "C" NOT NULL REFERENCES platforms (id),
    mode TEXT COLLATE "C" NOT NULL,
    pair_digest BYTEA,
    category TEXT COLLATE "C" NOT NULL,
    child BOOLEAN NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C",
    queue TEXT COLLATE "C" NOT NULL,
    priority TEXT COLLATE "C" NOT NULL,
    priority_source TEXT COLLATE "C" NOT NULL,
    computed_priority TEXT COLLATE "C" NOT NULL,
    raised_priority TEXT COLLATE "C",
    lowering_act TEXT COLLATE "C",
    next_due_at BIGINT NOT NULL,
    sort_rank BIGINT NOT NULL,
    assigned_to TEXT COLLATE "C" REFERENCES staff (id),
    claimed_until BIGINT,
    reserved_until BIGINT,
    held_until BIGINT,
    received_at BIGINT NOT NULL,
    closed_at BIGINT,
    audit_seq BIGINT NOT NULL,
    audit_head BYTEA NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX cases_by_pair ON cases (pair_digest, platform_id, mode) WHERE pair_digest IS NOT NULL;
CREATE INDEX cases_in_order ON cases (mode, queue, state, sort_rank, id);
CREATE INDEX cases_by_holder ON cases (assigned_to, sort_rank, id) WHERE assigned_to IS NOT NULL;
CREATE INDEX cases_on_hold ON cases (held_until) WHERE held_until IS NOT NULL;

CREATE TABLE reports (
    id TEXT COLLATE "C" PRIMARY KEY,
    platform_id TEXT COLLATE "C" NOT NULL REFERENCES platforms (id),
    mode TEXT COLLATE "C" NOT NULL,
    case_id TEXT COLLATE "C" NOT NULL REFERENCES cases (id),
    platform_report_ref TEXT COLLATE "C" NOT NULL,
    category TEXT COLLATE "C" NOT NULL,
    relation TEXT COLLATE "C" NOT NULL,
    desired_outcome TEXT COLLATE "C" NOT NULL,
    received_at BIGINT NOT NULL,
    human_review_by BIGINT NOT NULL,
    body_digest BYTEA NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C",
    withdrawn_at BIGINT,
    statement BYTEA NOT NULL,
    identity BYTEA NOT NULL,
    answers BYTEA NOT NULL,
    contact BYTEA,
    subject BYTEA,
    event_seq BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX reports_by_ref ON reports (platform_report_ref, platform_id, mode);
CREATE INDEX reports_of_platform ON reports (platform_id, mode, received_at, id);
CREATE INDEX reports_of_case ON reports (case_id);

CREATE TABLE additions (
    id TEXT COLLATE "C" PRIMARY KEY,
    report_id TEXT COLLATE "C" NOT NULL REFERENCES reports (id),
    case_id TEXT COLLATE "C" NOT NULL REFERENCES cases (id),
    received_at BIGINT NOT NULL,
    statement BYTEA,
    answers BYTEA,
    subject BYTEA
);
CREATE INDEX additions_of_case ON additions (case_id);

CREATE TABLE assessments (
    id TEXT COLLATE "C" PRIMARY KEY,
    case_id TEXT COLLATE "C" NOT NULL REFERENCES cases (id),
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    ruleset TEXT COLLATE "C" NOT NULL,
    priority TEXT COLLATE "C" NOT NULL,
    body BYTEA NOT NULL
);
CREATE UNIQUE INDEX assessments_of_case ON assessments (case_id, seq);

CREATE TABLE clocks (
    id TEXT COLLATE "C" PRIMARY KEY,
    case_id TEXT COLLATE "C" NOT NULL REFERENCES cases (id),
    kind TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C",
    report_id TEXT COLLATE "C",
    started_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    met_at BIGINT,
    stopped_at BIGINT
);
CREATE INDEX clocks_of_case ON clocks (case_id);
CREATE INDEX clocks_due ON clocks (due_at) WHERE met_at IS NULL AND stopped_at IS NULL;

CREATE TABLE notes (
    id TEXT COLLATE "C" PRIMARY KEY,
    case_id TEXT COLLATE "C" NOT NULL REFERENCES cases (id),
    author TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    records TEXT COLLATE "C",
    body BYTEA NOT NULL
);
CREATE INDEX notes_of_case ON notes (case_id, at);

CREATE TABLE acts (
    id TEXT COLLATE "C" PRIMARY KEY,
    case_id TEXT COLLATE "C" NOT NULL REFERENCES cases (id),
    kind TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    proposed_by TEXT COLLATE "C" NOT NULL,
    proposed_at BIGINT NOT NULL,
    decided_by TEXT COLLATE "C",
    decided_at BIGINT,
    body BYTEA NOT NULL
);
CREATE INDEX acts_of_case ON acts (case_id);

CREATE TABLE requests (
    id TEXT COLLATE "C" PRIMARY KEY,
    case_id TEXT COLLATE "C" NOT NULL REFERENCES cases (id),
    report_id TEXT COLLATE "C" NOT NULL REFERENCES reports (id),
    platform_id TEXT COLLATE "C" NOT NULL REFERENCES platforms (id),
    mode TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    made_by TEXT COLLATE "C" NOT NULL,
    made_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    not_before BIGINT,
    preserve_until BIGINT,
    subject_notice TEXT COLLATE "C" NOT NULL,
    single_contact_check BOOLEAN NOT NULL,
    confidential BOOLEAN NOT NULL,
    agreement TEXT COLLATE "C" NOT NULL,
    reason_code TEXT COLLATE "C",
    taken_at BIGINT,
    subject_notified BOOLEAN,
    answered_at BIGINT,
    details BYTEA NOT NULL,
    answer BYTEA,
    version BIGINT NOT NULL
);
CREATE INDEX requests_of_platform ON requests (platform_id, mode, made_at, id);
CREATE INDEX requests_of_case ON requests (case_id);
CREATE INDEX requests_due ON requests (due_at) WHERE state IN ('open', 'acknowledged');

CREATE TABLE case_links (
    case_id TEXT COLLATE "C" NOT NULL REFERENCES cases (id),
    other_id TEXT COLLATE "C" NOT NULL REFERENCES cases (id),
    linked_by TEXT COLLATE "C" NOT NULL,
    linked_at BIGINT NOT NULL,
    PRIMARY KEY (case_id, other_id)
);

-- Keyed hashes of who a case names, under a key apart from the sealing keys.
CREATE TABLE blind_indexes (
    digest BYTEA NOT NULL,
    case_id TEXT COLLATE "C" NOT NULL REFERENCES cases (id),
    role TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (case_id, digest, role)
);
CREATE INDEX blind_indexes_by_digest ON blind_indexes (digest);

CREATE TABLE audit_events (
    chain TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor_kind TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    details TEXT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (chain, seq)
);

CREATE TABLE audit_digests (
    at BIGINT PRIMARY KEY,
    chains BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    signature BYTEA NOT NULL
);

CREATE TABLE outbox (
    id TEXT COLLATE "C" PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    payload TEXT NOT NULL,
    dedupe_key TEXT COLLATE "C" UNIQUE,
    created_at BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    lease_until BIGINT,
    lease_by TEXT COLLATE "C",
    done_at BIGINT,
    dead_at BIGINT,
    last_error TEXT
);
CREATE INDEX outbox_ready ON outbox (run_at) WHERE done_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

CREATE TABLE events (
    id TEXT COLLATE "C" PRIMARY KEY,
    platform_id TEXT COLLATE "C" NOT NULL REFERENCES platforms (id),
    mode TEXT COLLATE "C" NOT NULL,
    position BIGINT,
    sequence BIGINT NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    report_id TEXT COLLATE "C",
    request_id TEXT COLLATE "C"
);
CREATE INDEX events_in_order ON events (platform_id, mode, position);
CREATE INDEX events_by_age ON events (created_at);

CREATE TABLE event_cursors (
    platform_id TEXT COLLATE "C" NOT NULL REFERENCES platforms (id),
    mode TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (platform_id, mode)
);

CREATE TABLE idempotency (
    scope TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    fingerprint BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    owner TEXT COLLATE "C",
    answer BYTEA,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE queue_counts (
    mode TEXT COLLATE "C" NOT NULL,
    queue TEXT COLLATE "C" NOT NULL,
    depth BIGINT NOT NULL,
    oldest_at BIGINT,
    breaches BIGINT NOT NULL,
    as_of BIGINT NOT NULL,
    PRIMARY KEY (mode, queue)
);
