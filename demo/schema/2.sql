-- Events are kept and forgotten by kind, so that refusals, which strangers can cause, never push out the rest.
-- New events name their kind; see src/history.rs.

ALTER TABLE events ADD COLUMN kind TEXT NOT NULL DEFAULT 'refused' CHECK (kind IN ('signed-in', 'refused', 'changed'));
UPDATE events SET kind = CASE
    WHEN code LIKE 'signed-in/%' OR code LIKE 'signed-out%' OR code = 'email-changed' THEN 'signed-in'
    WHEN code LIKE 'settings/%' OR code LIKE 'people/%' OR code LIKE 'operator/%' THEN 'changed'
    ELSE 'refused'
END;
CREATE INDEX events_by_kind ON events (tenant, kind, id);

-- A test sign-in is remembered by whoever made it and whom Okta vouched for: whether they could still come in is asked again
-- before a draft is put into use. What passed before does not say so, and is to be passed again.
UPDATE drafts SET passed = NULL;
ALTER TABLE drafts DROP COLUMN passed_domain;
ALTER TABLE drafts ADD COLUMN passed_user TEXT;     -- the administrator who tested
ALTER TABLE drafts ADD COLUMN passed_subject TEXT;  -- whom Okta vouched for in that test
ALTER TABLE drafts ADD COLUMN passed_email TEXT;
ALTER TABLE connections ADD COLUMN tested BLOB;     -- SHA-256 of the draft that it was; none when it never was one
