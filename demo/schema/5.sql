-- Which keys seal what is in this database: a process that has not all of them does not start. During a change of keys
-- there are several, one of which seals; see src/seal/in_use.rs.

CREATE TABLE sealing_keys (
    name  TEXT NOT NULL PRIMARY KEY,                -- made from the key, and tells nothing about it
    seals INTEGER NOT NULL CHECK (seals IN (0, 1))  -- what is sealed from now on is sealed by this one
) STRICT;
CREATE UNIQUE INDEX sealing_key ON sealing_keys (seals) WHERE seals = 1;
