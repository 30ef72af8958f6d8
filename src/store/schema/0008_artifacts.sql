-- 0008_artifacts.sql: who may have artifacts, and how long they are kept.

-- all, developer, maintainer, none: artifacts:access of the job that made it.
ALTER TABLE artifacts ADD COLUMN access TEXT NOT NULL DEFAULT 'all';
-- When the sweep looks at it again: at its end, and, where it is kept beyond that, now and then.
ALTER TABLE artifacts ADD COLUMN sweep_at BIGINT;
UPDATE artifacts SET sweep_at = expire_at;
DROP INDEX artifacts_by_expiry;
CREATE INDEX artifacts_by_sweep ON artifacts (sweep_at) WHERE sweep_at IS NOT NULL;

-- Whether the artifacts of the newest successful pipeline of each ref outlive their time.
ALTER TABLE projects ADD COLUMN keep_latest_artifact SMALLINT NOT NULL DEFAULT 1;

-- Who erased the log and the artifacts; NULL: they were not erased, or the user is not known.
ALTER TABLE jobs ADD COLUMN erased_by_id BIGINT;
