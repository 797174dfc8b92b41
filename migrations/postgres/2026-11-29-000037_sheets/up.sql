-- Contact sheets that are to be destroyed, by the end of their referral; and referrals of which the newest mail was not taken.
CREATE INDEX referrals_with_sheet ON referrals (ended_at, id) WHERE sheet IS NOT NULL AND ended_at IS NOT NULL;
CREATE INDEX referrals_not_delivered ON referrals (state) WHERE notice = 'not_delivered';
