-- Credentials of services, and whom their people know: a service sees no case that names one of those.
CREATE TABLE partner_clients (
    id TEXT COLLATE "C" PRIMARY KEY,
    service_id TEXT COLLATE "C" NOT NULL REFERENCES services (id),
    mode TEXT COLLATE "C" NOT NULL,
    secret_hash BYTEA NOT NULL,
    scopes TEXT COLLATE "C" NOT NULL,
    epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    mac BYTEA NOT NULL
);
CREATE INDEX partner_clients_of_service ON partner_clients (service_id, created_at, id);
ALTER TABLE services ADD COLUMN walls BYTEA;
CREATE INDEX referrals_of_service_by_state ON referrals (service_id, mode, state, sent_at, id) WHERE sent_at IS NOT NULL;
