-- What was a connection's client secret until another was put into use: tried when Okta refuses that one.

CREATE TABLE second_secrets (
    connection_id TEXT NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    secret        BLOB NOT NULL,                    -- AES-256-GCM, bound to tenant and connection like the first
    set_at        INTEGER
) STRICT;
