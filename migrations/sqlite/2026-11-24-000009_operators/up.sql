-- Readiness asks every few seconds whether any job is dead.
CREATE INDEX outbox_dead ON outbox (dead_at) WHERE dead_at IS NOT NULL;
