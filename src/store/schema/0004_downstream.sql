-- 0004_downstream.sql: jobs that start other pipelines, and what pipelines then owe each other.

-- 1: a bridge (`trigger`).  The server works on it itself; no runner sees it, and lists of jobs leave
-- it out.
ALTER TABLE jobs ADD COLUMN bridge SMALLINT NOT NULL DEFAULT 0;
-- Why it failed, in words for people; NULL: failure_reason says it all.
ALTER TABLE jobs ADD COLUMN failure_text TEXT;

-- As before, and with what lists of jobs ask for, so that counting reads no row.
DROP INDEX jobs_by_project;
DROP INDEX jobs_by_project_status;
CREATE INDEX jobs_by_project ON jobs (project_id, id, bridge);
CREATE INDEX jobs_by_project_status ON jobs (project_id, status, id, bridge);

-- Who started a pipeline, where a job did.  The unique key on bridges makes it one pipeline each.
-- No reference to the upstream pipeline: it may be deleted, and what it started stays.
CREATE TABLE downstream_pipelines (
    pipeline_id          BIGINT PRIMARY KEY REFERENCES pipelines (id) ON DELETE CASCADE,
    job_id               BIGINT NOT NULL,       -- the bridge, or the job whose token was used
    upstream_pipeline_id BIGINT NOT NULL,       -- of that job
    upstream_project_id  BIGINT NOT NULL,
    root_pipeline_id     BIGINT NOT NULL,       -- the first of the tree
    bridge               SMALLINT NOT NULL,     -- job_id is one
    child                SMALLINT NOT NULL,     -- it runs in its upstream's project, on its commit
    strategy             TEXT NOT NULL          -- none, depend, mirror: what the bridge waits for
);
CREATE UNIQUE INDEX downstream_pipelines_once ON downstream_pipelines (job_id) WHERE bridge = 1;
CREATE INDEX downstream_pipelines_by_upstream ON downstream_pipelines (upstream_pipeline_id);
CREATE INDEX downstream_pipelines_by_root ON downstream_pipelines (root_pipeline_id);

-- What a change in one pipeline asks of another one, written in the transaction of that change and
-- deleted in the transaction that does it.  No references: what it names may be gone by then.
CREATE TABLE downstream_work (
    id        {ID},
    kind      TEXT NOT NULL,              -- start, follow, reset, cancel
    job_id    BIGINT NOT NULL,            -- the bridge
    user_id   BIGINT,                     -- who acts, of a reset; NULL: nobody
    attempts  BIGINT NOT NULL DEFAULT 0,  -- that came to no end
    server_id BIGINT,                     -- who does it,
    taken_at  BIGINT NOT NULL             -- and since when: another may take it up a while later
);
CREATE INDEX downstream_work_by_time ON downstream_work (taken_at, id);
