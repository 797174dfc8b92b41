-- Where the person harmed lives, as one of thirteen codes; absent when the case is older than this column.
ALTER TABLE cases ADD COLUMN region TEXT;

-- What is counted: each case once in each flow. `at` is the begin of a day, and decides the period. A row never changes,
-- but for `totalled`, and has no owner: who is erased stays counted where they were counted, by codes and a day.
CREATE TABLE flows (
    case_id TEXT NOT NULL,
    flow TEXT NOT NULL,
    at BIGINT NOT NULL,
    platform_id TEXT NOT NULL,
    category TEXT NOT NULL,
    region TEXT NOT NULL,
    value TEXT NOT NULL,
    totalled BOOLEAN NOT NULL,
    PRIMARY KEY (case_id, flow)
) WITHOUT ROWID;
CREATE INDEX flows_of_period ON flows (flow, at, platform_id, category, region, value);
CREATE INDEX flows_to_total ON flows (flow) WHERE totalled = FALSE;

-- What is still to be counted of a case that its platform was told of: the answer on day 30, the outcome on day 90.
CREATE TABLE forwards (
    case_id TEXT NOT NULL PRIMARY KEY REFERENCES cases (id),
    forwarded_at BIGINT NOT NULL,
    answered_at BIGINT,
    response_due_at BIGINT,
    outcome_due_at BIGINT
);
CREATE INDEX forwards_response_due ON forwards (response_due_at) WHERE response_due_at IS NOT NULL;
CREATE INDEX forwards_outcome_due ON forwards (outcome_due_at) WHERE outcome_due_at IS NOT NULL;

-- The same counts, brought up to date by a job. An edition is not built when they differ from its own count.
CREATE TABLE flow_totals (
    flow TEXT NOT NULL,
    quarter TEXT NOT NULL,
    platform_id TEXT NOT NULL,
    category TEXT NOT NULL,
    region TEXT NOT NULL,
    value TEXT NOT NULL,
    cases BIGINT NOT NULL,
    PRIMARY KEY (flow, quarter, platform_id, category, region, value)
) WITHOUT ROWID;

-- `secret` is sealed, and its key is destroyed when the edition is published. `spare` is the secret of the one replacement
-- that it may have, committed to at the same time. `closed_until`: nothing is counted any more on a day before this.
CREATE TABLE editions (
    id TEXT NOT NULL PRIMARY KEY,
    committed_at BIGINT NOT NULL,
    key_commitment TEXT NOT NULL,
    params_sha256 TEXT NOT NULL,
    ptable_sha256 TEXT NOT NULL,
    plan TEXT NOT NULL,
    release_at BIGINT NOT NULL,
    reason TEXT,
    secret BLOB NOT NULL,
    spare BLOB,
    spare_commitment TEXT,
    closed_until BIGINT,
    published_at BIGINT
);

-- Every attempt to build an edition, with what it counted: nobody tries again for nicer numbers unseen.
CREATE TABLE edition_builds (
    edition_id TEXT NOT NULL REFERENCES editions (id),
    attempt BIGINT NOT NULL,
    at BIGINT NOT NULL,
    snapshot_commitment TEXT NOT NULL,
    PRIMARY KEY (edition_id, attempt)
) WITHOUT ROWID;
