-- A port that is shared can be so for a while only: from then on its row counts as none.
ALTER TABLE workspace_ports ADD COLUMN expires_at BIGINT;
