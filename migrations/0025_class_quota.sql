-- What the applications of a member of the class may use in the cluster, as JSON; what it says nothing of is the installation's own choice.
ALTER TABLE classes ADD COLUMN quota TEXT;
