-- What a workspace of the class may use, as JSON; what it says nothing of is the installation's own choice.
ALTER TABLE classes ADD COLUMN limits TEXT;
