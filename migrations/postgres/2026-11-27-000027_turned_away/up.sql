-- How many of one colleague wait is counted before another is added.
CREATE INDEX turned_away_by_staff ON turned_away (staff_id);
