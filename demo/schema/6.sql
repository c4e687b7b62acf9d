-- Keys that the product made for a company, to prove itself to Okta in the place of a client secret. Whoever asks is given
-- the public halves.

CREATE TABLE client_keys (
    id      TEXT NOT NULL PRIMARY KEY,              -- the public half's thumbprint
    tenant  TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    pkcs8   BLOB NOT NULL,                          -- AES-256-GCM, bound to tenant and id
    public  TEXT NOT NULL,                          -- JSON Web Key
    made_at INTEGER NOT NULL
) STRICT;
CREATE INDEX client_keys_by_tenant ON client_keys (tenant, made_at);

ALTER TABLE connections ADD COLUMN client_key TEXT REFERENCES client_keys (id); -- none: the client secret proves it
ALTER TABLE drafts ADD COLUMN client_key TEXT REFERENCES client_keys (id);
