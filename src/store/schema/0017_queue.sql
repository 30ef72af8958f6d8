-- Who is next: a runner's choice among pending jobs goes by one index, however long the queues are.
-- In a queue jobs go by their age, a minute more for each point of priority.

ALTER TABLE jobs ADD COLUMN protected BIGINT NOT NULL DEFAULT 0;  -- its pipeline is
ALTER TABLE jobs ADD COLUMN priority BIGINT NOT NULL DEFAULT 0;   -- CI_JOB_PRIORITY, -100 to 100
UPDATE jobs SET protected = 1 WHERE pipeline_id IN (SELECT id FROM pipelines WHERE protected = 1);
CREATE INDEX jobs_queue ON jobs (project_id, protected, tags, (created_at - priority * 60000000), id)
    WHERE status = 'pending' AND bridge = 0 AND confirm_by IS NULL;

-- The jobs of one project with the same tags, of protected or of other refs; there may be none now.
CREATE TABLE job_queues (
    id         {ID},
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    protected  BIGINT NOT NULL,
    tags       TEXT NOT NULL
);
CREATE UNIQUE INDEX job_queues_by_jobs ON job_queues (project_id, protected, tags);
INSERT INTO job_queues (project_id, protected, tags)
    SELECT DISTINCT project_id, protected, tags FROM jobs
    WHERE bridge = 0 AND project_id IN (SELECT id FROM projects);
