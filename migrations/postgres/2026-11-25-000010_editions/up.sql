-- Where the person harmed lives, as one of thirteen codes; absent when the case is older than this column.
ALTER TABLE cases ADD COLUMN region TEXT COLLATE "C";

-- What is counted: each case once in each flow. `at` is the begin of a day, and decides the period. A row never changes,
-- but for `totalled`, and has no owner: who is erased stays counted where they were counted, by codes and a day.
CREATE TABLE flows (
    case_id TEXT COLLATE "C" NOT NULL,
    flow TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    platform_id TEXT COLLATE "C" NOT NULL,
    category TEXT COLLATE "C" NOT NULL,
    region TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    totalled BOOLEAN NOT NULL,
    PRIMARY KEY (case_id, flow)
);
CREATE INDEX flows_of_period ON flows (flow, at, platform_id, category, region, value);
CREATE INDEX flows_to_total ON flows (flow) WHERE totalled = FALSE;

-- What is still to be counted of a case that its platform was told of: the answer on day 30, the outcome on day 90.
CREATE TABLE forwards (
    case_id TEXT COLLATE "C" PRIMARY KEY REFERENCES cases (id),
    forwarded_at BIGINT NOT NULL,
    answered_at BIGINT,
    response_due_at BIGINT,
    outcome_due_at BIGINT
);
CREATE INDEX forwards_response_due ON forwards (response_due_at) WHERE response_due_at IS NOT NULL;
CREATE INDEX forwards_outcome_due ON forwards (outcome_due_at) WHERE outcome_due_at IS NOT NULL;

-- The same counts, brought up to date by a job. An edition is not built when they differ from its own count.
CREATE TABLE flow_totals (
    flow TEXT COLLATE "C" NOT NULL,
    quarter TEXT COLLATE "C" NOT NULL,
    platform_id TEXT COLLATE "C" NOT NULL,
    category TEXT COLLATE "C" NOT NULL,
    region TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    cases BIGINT NOT NULL,
    PRIMARY KEY (flow, quarter, platform_id, category, region, value)
);

-- `secret` is sealed, and its key is destroyed when the edition is published. `spare` is the secret of the one replacement
-- that it may have, committed to at the same time. `closed_until`: nothing is counted any more on a day before this.
CREATE TABLE editions (
    id TEXT COLLATE "C" PRIMARY KEY,
    committed_at BIGINT NOT NULL,
    key_commitment TEXT COLLATE "C" NOT NULL,
    params_sha256 TEXT COLLATE "C" NOT NULL,
    ptable_sha256 TEXT COLLATE "C" NOT NULL,
    plan TEXT COLLATE "C" NOT NULL,
    release_at BIGINT NOT NULL,
    reason TEXT,
    secret BYTEA NOT NULL,
    spare BYTEA,
    spare_commitment TEXT COLLATE "C",
    closed_until BIGINT,
    published_at BIGINT
);

-- Every attempt to build an edition, with what it counted: nobody tries again for nicer numbers unseen.
CREATE TABLE edition_builds (
    edition_id TEXT COLLATE "C" NOT NULL REFERENCES editions (id),
    attempt BIGINT NOT NULL,
    at BIGINT NOT NULL,
    snapshot_commitment TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (edition_id, attempt)
);
