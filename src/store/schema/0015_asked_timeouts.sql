-- 0015_asked_timeouts.sql: what a job may take, apart from what its runner allows.

-- A job's timeout_s before a runner with a maximum of its own had it; NULL: none has had it yet.
-- Another runner, and another attempt, start from there.
ALTER TABLE jobs ADD COLUMN asked_timeout_s BIGINT;
