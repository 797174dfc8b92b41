DROP TABLE late_matches;
DROP TABLE renewals;
