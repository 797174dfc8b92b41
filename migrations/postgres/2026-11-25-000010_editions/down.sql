DROP TABLE edition_builds;
DROP TABLE editions;
DROP TABLE flow_totals;
DROP TABLE forwards;
DROP TABLE flows;
ALTER TABLE cases DROP COLUMN region;
