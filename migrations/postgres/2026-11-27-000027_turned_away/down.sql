DROP INDEX turned_away_by_staff;
