-- Where an application comes from another git server: an https address and a branch of it. `project` is empty then.
ALTER TABLE apps ADD COLUMN url TEXT;
ALTER TABLE apps ADD COLUMN branch TEXT;
