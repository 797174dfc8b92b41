-- Rows that a job could not work on, until it can: the job steps over each of them until next_at.
CREATE TABLE stumbles (
    job TEXT NOT NULL,
    row_id TEXT NOT NULL,
    since BIGINT NOT NULL,
    failed_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (job, row_id)
) WITHOUT ROWID;
