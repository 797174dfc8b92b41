-- The log is read by type, by report and by time without looking at what is not wanted, and what has no place yet is found in
-- the order in which it gets one.
CREATE INDEX events_of_type ON events (platform_id, mode, type, position);
CREATE INDEX events_in_time ON events (platform_id, mode, created_at) WHERE position IS NOT NULL;
CREATE INDEX events_unplaced ON events (platform_id, mode, created_at, sequence, id) WHERE position IS NULL;
DROP INDEX events_of_report;
CREATE INDEX events_of_report ON events (report_id, platform_id, mode, position) WHERE report_id IS NOT NULL;

-- What is still to be sent again to an endpoint: the events from `since` and `after` on, before `until`; or, where there is no
-- `until`, the deliveries that had failed for good by `since`. A row goes when its work is done.
CREATE TABLE replays (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    endpoint_id TEXT COLLATE "C" NOT NULL REFERENCES webhook_endpoints (id),
    types TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    after TEXT COLLATE "C" NOT NULL,
    until BIGINT,
    owed BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX replays_of_endpoint ON replays (endpoint_id, created_at);
