DROP TABLE case_standings;
DROP INDEX clocks_of_referral;
ALTER TABLE clocks DROP COLUMN phase;
ALTER TABLE clocks DROP COLUMN referral_id;
DROP TABLE owed_words;
DROP TABLE referral_moves;
DROP TABLE referrals;
