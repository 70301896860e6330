-- The login of who began it, as it was then; NULL for those of before.
ALTER TABLE rollouts ADD COLUMN started_by TEXT;
