DROP TABLE stumbles;
