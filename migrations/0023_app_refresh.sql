-- Not 0: a push to main refreshes the target state, as its owner has it.
ALTER TABLE apps ADD COLUMN refresh_on_push BIGINT NOT NULL DEFAULT 0;
