-- Events are kept and forgotten by kind, so that refusals, which strangers can cause, never push out the rest.
-- New events name their kind; see src/history.rs.

ALTER TABLE events ADD COLUMN kind TEXT NOT NULL DEFAULT 'refused' CHECK (kind IN ('signed-in', 'refused', 'changed'));
UPDATE events SET kind = CASE
    WHEN code LIKE 'signed-in/%' OR code LIKE 'signed-out%' OR code = 'email-changed' THEN 'signed-in'
    WHEN code LIKE 'settings/%' OR code LIKE 'people/%' OR code LIKE 'operator/%' THEN 'changed'
    ELSE 'refused'
END;
CREATE INDEX events_by_kind ON events (tenant, kind, id);
