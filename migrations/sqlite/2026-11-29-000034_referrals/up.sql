-- Hand-overs to services, each with a clock until it ends; what became of each; and what a survivor is owed to know of them.
CREATE TABLE referrals (
    id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    service_id TEXT NOT NULL REFERENCES services (id),
    consent_id TEXT NOT NULL REFERENCES consents (id),
    mode TEXT NOT NULL,
    state TEXT NOT NULL,
    made_by TEXT NOT NULL REFERENCES staff (id),
    made_at BIGINT NOT NULL,
    sent_at BIGINT,
    received_at BIGINT,
    answered_at BIGINT,
    ended_at BIGINT,
    replaces TEXT REFERENCES referrals (id),
    version BIGINT NOT NULL,
    body BLOB NOT NULL,
    summary BLOB,
    sheet BLOB
);
CREATE INDEX referrals_of_case ON referrals (case_id, made_at, id);
CREATE INDEX referrals_of_service ON referrals (service_id, mode, sent_at, id) WHERE sent_at IS NOT NULL;
CREATE INDEX referrals_by_state ON referrals (state, made_at, id);
CREATE INDEX referrals_of_consent ON referrals (consent_id);
CREATE UNIQUE INDEX referrals_replaced_once ON referrals (replaces) WHERE replaces IS NOT NULL;
CREATE TABLE referral_moves (
    id TEXT NOT NULL PRIMARY KEY,
    referral_id TEXT NOT NULL REFERENCES referrals (id),
    case_id TEXT NOT NULL REFERENCES cases (id),
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    made TEXT NOT NULL,
    by_kind TEXT NOT NULL,
    by_id TEXT,
    body BLOB NOT NULL
);
CREATE INDEX referral_moves_of_referral ON referral_moves (referral_id, seq, id);
CREATE TABLE owed_words (
    id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    referral_id TEXT NOT NULL REFERENCES referrals (id),
    code TEXT NOT NULL,
    at BIGINT NOT NULL,
    note_id TEXT REFERENCES notes (id),
    told_at BIGINT,
    body BLOB NOT NULL
);
CREATE INDEX owed_words_of_case ON owed_words (case_id, at, id);
ALTER TABLE clocks ADD COLUMN referral_id TEXT;
ALTER TABLE clocks ADD COLUMN phase TEXT;
CREATE INDEX clocks_of_referral ON clocks (referral_id) WHERE referral_id IS NOT NULL;
CREATE TABLE case_standings (
    case_id TEXT NOT NULL PRIMARY KEY REFERENCES cases (id),
    referral_open BOOLEAN NOT NULL,
    referral_accepted BOOLEAN NOT NULL,
    woken_at BIGINT
);
