-- 0009_environments.sql: where jobs deploy to, and each time that they did.

CREATE TABLE environments (
    id                {ID},
    project_id        BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name              TEXT NOT NULL,
    slug              TEXT NOT NULL,
    tier              TEXT NOT NULL,
    state             TEXT NOT NULL,      -- available, stopping, stopped
    external_url      TEXT,
    description       TEXT,
    auto_stop_setting TEXT NOT NULL DEFAULT 'always',   -- always, with_action: only where a job stops it
    auto_stop_at      BIGINT,             -- NULL: never
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL
);
CREATE UNIQUE INDEX environments_by_name ON environments (project_id, name);
CREATE UNIQUE INDEX environments_by_slug ON environments (project_id, slug);
CREATE INDEX environments_to_stop ON environments (auto_stop_at)
    WHERE auto_stop_at IS NOT NULL AND state = 'available';

-- Counted one after the other, in the order of commits.
CREATE TABLE deployment_counters (
    project_id BIGINT PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
    last_iid   BIGINT NOT NULL
);

CREATE TABLE deployments (
    id             {ID},
    iid            BIGINT NOT NULL,
    project_id     BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    environment_id BIGINT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    job_id         BIGINT REFERENCES jobs (id) ON DELETE SET NULL,    -- NULL: made by the API, or it is gone
    user_id        BIGINT REFERENCES users (id) ON DELETE SET NULL,
    ref            TEXT NOT NULL,
    tag            SMALLINT NOT NULL,
    sha            TEXT NOT NULL,
    status         TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    finished_at    BIGINT
);
CREATE UNIQUE INDEX deployments_by_iid ON deployments (project_id, iid);
CREATE UNIQUE INDEX deployments_by_job ON deployments (job_id);
CREATE INDEX deployments_by_environment ON deployments (environment_id, status, id);
CREATE INDEX deployments_by_user ON deployments (user_id);

-- Whether a deploy job that is older than what stands in its environment is refused.
ALTER TABLE projects ADD COLUMN forward_deployment_enabled SMALLINT NOT NULL DEFAULT 1;
