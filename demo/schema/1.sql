-- Everything that Ledgerline keeps. Run once in each new database, which then is of version 1; see src/database.rs.
-- Times are Unix seconds. Text compares byte for byte unless a query says otherwise.

CREATE TABLE tenants (
    id      TEXT NOT NULL PRIMARY KEY,              -- 1 to 63 of a-z 0-9 -, chosen by the operator
    name    TEXT NOT NULL
) STRICT;

CREATE TABLE users (
    id            TEXT NOT NULL PRIMARY KEY,
    tenant        TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    email         TEXT NOT NULL,
    name          TEXT NOT NULL,
    administrator INTEGER NOT NULL DEFAULT 0 CHECK (administrator IN (0, 1)),
    disabled      INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    password      TEXT,                             -- an Argon2id PHC string; none once a sign-in by Okta is pinned
    UNIQUE (tenant, email)
) STRICT;

-- Grants nothing but the right to be pinned to a subject once.
CREATE TABLE invitations (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    expires INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

CREATE TABLE connections (
    id            TEXT NOT NULL PRIMARY KEY,
    tenant        TEXT NOT NULL UNIQUE REFERENCES tenants (id) ON DELETE CASCADE,
    enabled       INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    issuer        TEXT NOT NULL,                    -- byte for byte what the plugin's check returned
    client_id     TEXT NOT NULL,
    secret        BLOB,                             -- AES-256-GCM, bound to tenant and connection
    secret_set_at INTEGER,
    email_rule    TEXT NOT NULL DEFAULT 'exact' CHECK (email_rule IN ('exact', 'ascii-case-insensitive'))
) STRICT;

-- Settings that an administrator saved and that nobody signs in by yet: one set beside the tenant's connection.
CREATE TABLE drafts (
    id            TEXT NOT NULL PRIMARY KEY,
    tenant        TEXT NOT NULL UNIQUE REFERENCES tenants (id) ON DELETE CASCADE,
    enabled       INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    issuer        TEXT NOT NULL,                    -- like the rest, empty while it is not known
    client_id     TEXT NOT NULL,
    secret        BLOB,                             -- AES-256-GCM, bound to tenant and draft
    secret_set_at INTEGER,
    email_rule    TEXT NOT NULL DEFAULT 'exact' CHECK (email_rule IN ('exact', 'ascii-case-insensitive')),
    passed        BLOB,                             -- SHA-256 of the settings that a test sign-in passed with
    passed_domain TEXT                              -- of the address that Okta vouched for in that test
) STRICT;

-- Which tenant has a domain: one, until the operator releases it.
CREATE TABLE domain_holders (
    domain TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    UNIQUE (domain, tenant)
) STRICT;

-- An approval speaks of one domain, tenant, issuer and client id. It covers no other connection.
CREATE TABLE domains (
    domain      TEXT NOT NULL,
    tenant      TEXT NOT NULL,
    issuer      TEXT NOT NULL,
    client_id   TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('approved', 'suspended')),
    approved_by TEXT NOT NULL,
    approved_at INTEGER NOT NULL,
    PRIMARY KEY (domain, issuer, client_id),
    FOREIGN KEY (domain, tenant) REFERENCES domain_holders (domain, tenant) ON DELETE CASCADE
) STRICT;

-- What tenants ask the operator for. A refused request stays until it is made again.
CREATE TABLE domain_requests (
    tenant       TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    domain       TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    refused_at   INTEGER,
    reason       TEXT NOT NULL DEFAULT '',          -- of the refusal, for the tenant's administrators
    PRIMARY KEY (tenant, domain)
) STRICT;

-- The operator's changes of issuer, each of which can be undone.
CREATE TABLE link_moves (
    id          TEXT NOT NULL PRIMARY KEY,
    tenant      TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    from_issuer TEXT NOT NULL,
    to_issuer   TEXT NOT NULL,
    moved       INTEGER NOT NULL,                   -- how many links
    moved_by    TEXT NOT NULL,
    moved_at    INTEGER NOT NULL,
    undone_at   INTEGER
) STRICT;

CREATE TABLE links (
    tenant        TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL,
    issuer        TEXT NOT NULL,
    subject       TEXT NOT NULL,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    pinned_at     INTEGER NOT NULL,
    email_seen    TEXT NOT NULL,                    -- at the latest sign-in, to notice a change; never looked up by
    move_id       TEXT REFERENCES link_moves (id),  -- the move that gave it its issuer
    PRIMARY KEY (connection_id, issuer, subject),
    UNIQUE (tenant, issuer, subject),
    UNIQUE (tenant, user_id)
) STRICT;

CREATE TABLE sessions (
    id_hash       BLOB NOT NULL PRIMARY KEY,        -- SHA-256 of the cookie
    tenant        TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    connection_id TEXT,                             -- none: signed in by password
    logout_hint   BLOB,                             -- AES-256-GCM, bound to this row
    started       INTEGER NOT NULL,
    used          INTEGER NOT NULL,                 -- latest use, to the minute
    expires       INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);

-- What is left of a session for five minutes: enough to end the provider's own.
CREATE TABLE farewells (
    id_hash       BLOB NOT NULL PRIMARY KEY,
    connection_id TEXT NOT NULL,
    logout_hint   BLOB NOT NULL,
    expires       INTEGER NOT NULL
) STRICT;

-- One administrator's way in when their company has locked itself out, for a short time and once.
CREATE TABLE recoveries (
    code_hash BLOB NOT NULL PRIMARY KEY,            -- SHA-256 of the code
    tenant    TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires   INTEGER NOT NULL,
    used_at   INTEGER
) STRICT;

-- Test sign-ins: the check list that one ended in, and whose it is.
CREATE TABLE rehearsals (
    handle   TEXT NOT NULL PRIMARY KEY,
    tenant   TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    settings BLOB NOT NULL,                         -- SHA-256 of what was tested
    begun_at INTEGER NOT NULL,
    ended_at INTEGER,
    checks   TEXT NOT NULL DEFAULT '[]'             -- JSON
) STRICT;

-- When a test first saw each of a provider's signing keys.
CREATE TABLE provider_keys (
    tenant     TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    issuer     TEXT NOT NULL,
    kid        TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    PRIMARY KEY (tenant, issuer, kid)
) STRICT;

-- The latest test of a connection or draft.
CREATE TABLE probes (
    connection_id TEXT NOT NULL PRIMARY KEY,
    tenant        TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    at            INTEGER NOT NULL,
    settings      BLOB NOT NULL,                    -- SHA-256 of what was tested
    checks        TEXT NOT NULL                     -- JSON
) STRICT;

CREATE TABLE operators (
    name     TEXT NOT NULL PRIMARY KEY,
    password TEXT NOT NULL
) STRICT;

CREATE TABLE operator_sessions (
    id_hash BLOB NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL REFERENCES operators (name) ON DELETE CASCADE,
    expires INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
    id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    tenant         TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    at             INTEGER NOT NULL,
    code           TEXT NOT NULL,                   -- of this product (`signed-in/okta`) or of the plugin (`account/…`)
    correlation_id TEXT NOT NULL,
    actor          TEXT NOT NULL,                   -- an e-mail, `operator`, or empty when unknown
    detail         TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_tenant ON events (tenant, id);
