DROP TABLE audit_ends;
DROP TABLE legal_holds;
DROP TABLE case_keepings;
