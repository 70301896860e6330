-- Who it was is read after they are gone, too.
ALTER TABLE audit ADD COLUMN actor_login TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN subject_login TEXT NOT NULL DEFAULT '';
UPDATE audit SET actor_login = COALESCE((SELECT login FROM users WHERE users.id = audit.actor_id), ''),
    subject_login = COALESCE((SELECT login FROM users WHERE users.id = audit.subject_id), '');
CREATE INDEX audit_by_time ON audit (at);
