-- 0016_cancel_work.sql: cancels that go in parts, and that of redundant pipelines, survive a crash.

-- What cancel_rest and auto_cancel are about; their job_id is 0.  NULL: job_id says it.
ALTER TABLE downstream_work ADD COLUMN pipeline_id BIGINT;

-- As before, and with what is asked of each pipeline, so that a new one of a ref reads no other's row.
DROP INDEX pipelines_cancelable;
CREATE INDEX pipelines_cancelable ON pipelines (project_id, ref, id, sha, created_at)
    WHERE status = 'created' OR status = 'waiting_for_resource' OR status = 'preparing'
    OR status = 'waiting_for_callback' OR status = 'pending' OR status = 'running'
    OR status = 'scheduled';
