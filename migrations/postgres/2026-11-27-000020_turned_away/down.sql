DROP TABLE turned_away;
