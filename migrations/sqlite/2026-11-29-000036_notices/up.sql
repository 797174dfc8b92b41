-- What became of the newest mail to a service that something waits for it: no receipt.
ALTER TABLE referrals ADD COLUMN notice TEXT;
ALTER TABLE referrals ADD COLUMN notice_at BIGINT;
