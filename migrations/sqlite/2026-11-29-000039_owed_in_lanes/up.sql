-- What is owed is looked for lane by lane: of mails to services that nobody takes ten thousand may wait, and no page waits behind them.
CREATE INDEX outbox_fresh ON outbox (kind, run_at, id) WHERE done_at IS NULL AND dead_at IS NULL AND attempts = 0;
CREATE INDEX outbox_again ON outbox (kind, run_at, id) WHERE done_at IS NULL AND dead_at IS NULL AND attempts > 0;
CREATE INDEX outbox_fresh_others ON outbox (run_at, id)
    WHERE done_at IS NULL AND dead_at IS NULL AND attempts = 0 AND kind NOT IN ('mail', 'pager', 'tell_service');
CREATE INDEX outbox_again_others ON outbox (run_at, id)
    WHERE done_at IS NULL AND dead_at IS NULL AND attempts > 0 AND kind NOT IN ('mail', 'pager', 'tell_service');
