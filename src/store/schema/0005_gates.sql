-- 0005_gates.sql: what holds jobs back: resource groups, and newer pipelines.

-- What jobs of a project share and only one at a time may use.  Who has it is no row of its own: the one
-- job of the group that is pending, running or canceling.
CREATE TABLE resource_groups (
    id           {ID},
    project_id   BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    key          TEXT NOT NULL,           -- expanded
    process_mode TEXT NOT NULL,           -- who is next: unordered, oldest_first, ...
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX resource_groups_by_key ON resource_groups (project_id, key);

-- NULL: it needs none.  No reference: a group lives as long as its project.
ALTER TABLE jobs ADD COLUMN resource_group_id BIGINT;
CREATE INDEX jobs_by_resource_group ON jobs (resource_group_id, status, pipeline_id, id)
    WHERE resource_group_id IS NOT NULL;
CREATE UNIQUE INDEX jobs_with_resource ON jobs (resource_group_id)
    WHERE resource_group_id IS NOT NULL
    AND (status = 'pending' OR status = 'running' OR status = 'canceling');
-- The few that wait for one.
CREATE INDEX jobs_waiting_for_resource ON jobs (resource_group_id, id)
    WHERE status = 'waiting_for_resource';

-- Of the groups that its pipelines make.
ALTER TABLE projects ADD COLUMN resource_group_mode TEXT NOT NULL DEFAULT 'unordered';
-- Whether a new pipeline of a ref cancels older ones.
ALTER TABLE projects ADD COLUMN auto_cancel_pending SMALLINT NOT NULL DEFAULT 1;

-- workflow:auto_cancel:on_new_commit: conservative, interruptible, none.
ALTER TABLE pipelines ADD COLUMN on_new_commit TEXT NOT NULL DEFAULT 'conservative';
CREATE INDEX pipelines_cancelable ON pipelines (project_id, ref, id)
    WHERE status = 'created' OR status = 'waiting_for_resource' OR status = 'preparing'
    OR status = 'waiting_for_callback' OR status = 'pending' OR status = 'running'
    OR status = 'scheduled';
-- The newer pipeline that canceled it; NULL: none did.
ALTER TABLE pipelines ADD COLUMN auto_canceled_by_id BIGINT;

ALTER TABLE jobs ADD COLUMN interruptible SMALLINT NOT NULL DEFAULT 0;
