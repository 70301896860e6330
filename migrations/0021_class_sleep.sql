-- After so many minutes without a request an application of the class is scaled to zero: 0 for never; NULL is the installation's own choice.
ALTER TABLE classes ADD COLUMN sleep_minutes BIGINT;
