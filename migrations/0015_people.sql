-- Since when somebody may not log in, and whether their password is one that somebody else gave them.
ALTER TABLE users ADD COLUMN disabled_at BIGINT;
ALTER TABLE users ADD COLUMN password_given_at BIGINT;

-- What a member is to the class: 'student' or 'instructor', who looks after the others.
ALTER TABLE memberships ADD COLUMN role TEXT NOT NULL DEFAULT 'student';
UPDATE memberships SET role = 'instructor' WHERE user_id IN (SELECT id FROM users WHERE role <> 'student');

-- An archived class is kept to be looked at: its settings and its instructors' rights count no more.
ALTER TABLE classes ADD COLUMN archived_at BIGINT;
