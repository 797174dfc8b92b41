-- Accounts of people at services, their sessions, and what the door remembers of them.
CREATE TABLE partner_accounts (
    id TEXT NOT NULL PRIMARY KEY,
    service_id TEXT NOT NULL REFERENCES services (id),
    username TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    totp_secret BLOB NOT NULL,
    coordinates BOOLEAN NOT NULL,
    epoch BIGINT NOT NULL,
    active BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    walls BLOB,
    declared_at BIGINT,
    mac BLOB NOT NULL
);
CREATE INDEX partner_accounts_of_service ON partner_accounts (service_id, created_at, id);
CREATE INDEX partner_accounts_by_name ON partner_accounts (username);
CREATE UNIQUE INDEX partner_accounts_open ON partner_accounts (username) WHERE active;
CREATE TABLE partner_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    account_id TEXT NOT NULL REFERENCES partner_accounts (id),
    epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    mac BLOB NOT NULL
);
CREATE INDEX partner_sessions_of_account ON partner_sessions (account_id);
CREATE INDEX partner_sessions_by_end ON partner_sessions (expires_at);
ALTER TABLE sign_ins ADD COLUMN partner_id TEXT;
ALTER TABLE sign_ins ADD COLUMN service_id TEXT;
CREATE UNIQUE INDEX sign_ins_of_partner ON sign_ins (partner_id) WHERE partner_id IS NOT NULL;
CREATE INDEX sign_ins_by_partner ON sign_ins (partner_id, staff_id);
