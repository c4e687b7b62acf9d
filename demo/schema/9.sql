-- How a session was opened. Of those of before, one by a recovery code cannot be told from one by a password; it ends within
-- the hour.

ALTER TABLE sessions ADD COLUMN method TEXT NOT NULL DEFAULT 'password' CHECK (method IN ('password', 'okta', 'recovery'));
UPDATE sessions SET method = 'okta' WHERE connection_id IS NOT NULL;
