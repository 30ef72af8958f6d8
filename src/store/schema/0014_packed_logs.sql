-- 0014_packed_logs.sql: which logs of ended jobs are still to be packed.

-- 1: the log was packed some time after the job's end, or there was none.
ALTER TABLE jobs ADD COLUMN log_packed SMALLINT NOT NULL DEFAULT 0;
-- No column of a running job's log: appends are to stay free of indexes.
CREATE INDEX jobs_by_unpacked_log ON jobs (finished_at, id)
    WHERE log_packed = 0 AND finished_at IS NOT NULL;
