DROP INDEX referrals_not_delivered;
DROP INDEX referrals_with_sheet;
