-- Rows that a job could not work on, until it can: the job steps over each of them until next_at.
CREATE TABLE stumbles (
    job TEXT COLLATE "C" NOT NULL,
    row_id TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    failed_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (job, row_id)
);
