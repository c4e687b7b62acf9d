-- What happens at the product's edge and is no company's: operators who come and go, tries beyond a limit, recovery codes that
-- were none, the component. See src/operator_events.rs.

CREATE TABLE operator_events (
    id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind    TEXT NOT NULL CHECK (kind IN ('signed-in', 'refused', 'changed')),
    at      INTEGER NOT NULL,
    code    TEXT NOT NULL,
    actor   TEXT NOT NULL,                          -- an operator's name, or empty when nobody is known
    address TEXT NOT NULL,                          -- where it came from; empty where it came from this machine
    detail  TEXT NOT NULL
) STRICT;
CREATE INDEX operator_events_by_kind ON operator_events (kind, id);
