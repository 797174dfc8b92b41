ALTER TABLE referrals DROP COLUMN notice_at;
ALTER TABLE referrals DROP COLUMN notice;
