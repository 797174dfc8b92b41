-- What the door remembers of each account, and in the row without one, of names that are nobody's. `mac` covers all that
-- grants something: the codes that were used, how many were wrong, whether the second factor is closed, and whether the
-- password is one that was given.
CREATE TABLE sign_ins (
    id TEXT NOT NULL PRIMARY KEY,
    staff_id TEXT UNIQUE REFERENCES staff (id),
    given_password BOOLEAN NOT NULL,
    used_codes TEXT NOT NULL,
    wrong_codes BIGINT NOT NULL,
    closed_at BIGINT,
    refused BIGINT NOT NULL,
    refused_since BIGINT,
    mac BLOB NOT NULL
);
CREATE INDEX sign_ins_refused ON sign_ins (refused_since) WHERE refused_since IS NOT NULL;
INSERT INTO sign_ins (id, given_password, used_codes, wrong_codes, refused, mac)
VALUES ('sgn_00000000000000000000000000', FALSE, '', 0, 0, x'');
ALTER TABLE staff DROP COLUMN totp_step;
