-- Where a platform wants to hear of its events. The URL may hold a token of the receiver, so it is sealed; the host
-- alone stands in the clear.
CREATE TABLE webhook_endpoints (
    id TEXT COLLATE "C" PRIMARY KEY,
    platform_id TEXT COLLATE "C" NOT NULL REFERENCES platforms (id),
    mode TEXT COLLATE "C" NOT NULL,
    url BYTEA NOT NULL,
    host TEXT COLLATE "C" NOT NULL,
    types TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    disabled_at BIGINT,
    disabled_reason TEXT COLLATE "C",
    failing_since BIGINT,
    notified_at BIGINT,
    verified_at BIGINT,
    cursor BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX webhook_endpoints_of_platform ON webhook_endpoints (platform_id, mode, created_at);

-- Both kinds of keys that sign. After a rotation two rows live side by side until the old one expires.
CREATE TABLE webhook_secrets (
    id TEXT COLLATE "C" PRIMARY KEY,
    endpoint_id TEXT COLLATE "C" NOT NULL REFERENCES webhook_endpoints (id),
    hmac BYTEA NOT NULL,
    ed25519 BYTEA NOT NULL,
    public_key TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE INDEX webhook_secrets_of_endpoint ON webhook_secrets (endpoint_id, created_at);

-- `next_at` is there while an attempt is to come, and only then.
CREATE TABLE deliveries (
    id TEXT COLLATE "C" PRIMARY KEY,
    event_id TEXT COLLATE "C" NOT NULL REFERENCES events (id),
    endpoint_id TEXT COLLATE "C" NOT NULL REFERENCES webhook_endpoints (id),
    state TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT,
    lease_until BIGINT,
    lease_by TEXT COLLATE "C",
    first_attempt_at BIGINT,
    delivered_at BIGINT,
    dead_at BIGINT,
    last_status BIGINT,
    last_error TEXT COLLATE "C",
    last_response BYTEA
);
CREATE UNIQUE INDEX deliveries_once ON deliveries (event_id, endpoint_id);
CREATE INDEX deliveries_due ON deliveries (endpoint_id, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_leased ON deliveries (endpoint_id) WHERE lease_until IS NOT NULL;
CREATE INDEX deliveries_dead ON deliveries (endpoint_id) WHERE dead_at IS NOT NULL;

-- The endpoint that a `webhook.test` goes to.
ALTER TABLE events ADD COLUMN endpoint_id TEXT COLLATE "C";
CREATE INDEX events_of_report ON events (report_id) WHERE report_id IS NOT NULL;
