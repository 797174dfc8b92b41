DROP INDEX outbox_again_others;
DROP INDEX outbox_fresh_others;
DROP INDEX outbox_again;
DROP INDEX outbox_fresh;
