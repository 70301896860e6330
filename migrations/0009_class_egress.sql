-- The way out of the workspaces of a class: 'open', 'registries' or 'none'; NULL is the installation's own choice.
ALTER TABLE classes ADD COLUMN egress TEXT;
