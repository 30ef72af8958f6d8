-- 0001_first.sql: people, projects, pipelines, jobs, runners, schedules.
--
-- Portable SQL.  The migration runner replaces: {ID} the driver's self-numbering 64-bit primary key
-- (ids are never used twice), {BYTES} its type for bytes.  Times are microseconds since 1970 UTC, booleans 0/1, enums
-- their names (src/base/enums.h).  A column that may be NULL says what NULL means.

-- People, and the bots behind project and group access tokens.
CREATE TABLE users (
    id            {ID},
    username      TEXT NOT NULL,
    username_key  TEXT NOT NULL UNIQUE,  -- lower case
    name          TEXT NOT NULL,
    email         TEXT NOT NULL UNIQUE,  -- lower case
    state         TEXT NOT NULL,         -- active, blocked
    admin         SMALLINT NOT NULL DEFAULT 0,
    bot           SMALLINT NOT NULL DEFAULT 0,  -- behind a project's or group's access token
    password_hash TEXT,                  -- Argon2id; NULL: cannot sign in by password
    created_at    BIGINT NOT NULL
);

-- Groups, and each user's own namespace.  Paths are unique over both.
CREATE TABLE namespaces (
    id          {ID},
    kind        TEXT NOT NULL,           -- user, group
    parent_id   BIGINT REFERENCES namespaces (id) ON DELETE CASCADE,  -- NULL: at the top
    owner_id    BIGINT REFERENCES users (id) ON DELETE CASCADE,       -- of a user's namespace; NULL: a group
    name        TEXT NOT NULL,
    path        TEXT NOT NULL,
    full_path   TEXT NOT NULL,
    full_name   TEXT NOT NULL,           -- "Group / Subgroup"
    path_key    TEXT NOT NULL UNIQUE,    -- full_path in lower case
    description TEXT NOT NULL DEFAULT '',
    visibility  TEXT NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE INDEX namespaces_by_parent ON namespaces (parent_id);
CREATE INDEX namespaces_by_owner ON namespaces (owner_id);

CREATE TABLE projects (
    id              {ID},
    namespace_id    BIGINT NOT NULL REFERENCES namespaces (id),
    creator_id      BIGINT REFERENCES users (id) ON DELETE SET NULL,
    name            TEXT NOT NULL,
    path            TEXT NOT NULL,
    full_path       TEXT NOT NULL,
    path_key        TEXT NOT NULL UNIQUE,  -- full_path in lower case
    description     TEXT,                  -- NULL: none
    visibility      TEXT NOT NULL,
    default_branch  TEXT NOT NULL,
    public_jobs     SMALLINT NOT NULL DEFAULT 1,
    jobs_enabled    SMALLINT NOT NULL DEFAULT 1,
    shared_runners_enabled SMALLINT NOT NULL DEFAULT 1, -- instance runners may take its jobs
    group_runners_enabled SMALLINT NOT NULL DEFAULT 1,
    archived        SMALLINT NOT NULL DEFAULT 0,
    ci_config_path  TEXT,                  -- NULL: .gitlab-ci.yml
    build_timeout_s BIGINT NOT NULL,
    import_status   TEXT NOT NULL,         -- none, started, finished, failed
    import_url      TEXT,                  -- without credentials; NULL: not imported
    import_error    TEXT,                  -- NULL: none
    variables_role  TEXT NOT NULL DEFAULT 'developer', -- who may set pipeline variables
    runners_token_hash TEXT,               -- registration token; NULL: none made yet
    next_pipeline_iid BIGINT NOT NULL DEFAULT 1,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    last_activity_at BIGINT NOT NULL
);
CREATE INDEX projects_by_namespace ON projects (namespace_id);
CREATE UNIQUE INDEX projects_by_runners_token ON projects (runners_token_hash)
    WHERE runners_token_hash IS NOT NULL;

-- A role of a user in a project or in a group (then also in all that is below the group).
CREATE TABLE members (
    id           {ID},
    user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id   BIGINT REFERENCES projects (id) ON DELETE CASCADE,    -- one of the two is NULL
    namespace_id BIGINT REFERENCES namespaces (id) ON DELETE CASCADE,
    access_level BIGINT NOT NULL,
    expires_at   BIGINT,                  -- NULL: never
    created_by   BIGINT REFERENCES users (id) ON DELETE SET NULL,
    created_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX members_of_project ON members (project_id, user_id);
CREATE UNIQUE INDEX members_of_namespace ON members (namespace_id, user_id);
CREATE INDEX members_by_user ON members (user_id);
CREATE INDEX members_by_creator ON members (created_by);

CREATE TABLE access_tokens (
    id           {ID},
    user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    description  TEXT,
    token_hash   TEXT NOT NULL UNIQUE,
    scopes       TEXT NOT NULL,           -- blank-separated
    revoked      SMALLINT NOT NULL DEFAULT 0,
    expires_at   BIGINT,                  -- midnight UTC; NULL: never
    last_used_at BIGINT,                  -- NULL: never; written at most once in ten minutes
    created_at   BIGINT NOT NULL
);
CREATE INDEX access_tokens_by_user ON access_tokens (user_id);

-- Rules over the refs that match a name or wildcard.
CREATE TABLE protected_refs (
    id            {ID},
    project_id    BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    kind          TEXT NOT NULL,          -- branch, tag
    name          TEXT NOT NULL,          -- may hold *
    push_level    BIGINT NOT NULL,        -- least role to push (branch) or create (tag); 0: no one
    merge_level   BIGINT NOT NULL,        -- branches only
    allow_force_push SMALLINT NOT NULL DEFAULT 0,
    created_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX protected_refs_by_name ON protected_refs (project_id, kind, name);

-- The commit of each ref whose push has been turned into pipelines (or found to make none).
CREATE TABLE ref_states (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    ref        TEXT NOT NULL,             -- full: refs/heads/main
    sha        TEXT NOT NULL,
    PRIMARY KEY (project_id, ref)
);

-- Pushes that git is taking in right now, written before it moves a ref: after a crash the refs of
-- these projects are compared with ref_states.
CREATE TABLE open_pushes (
    id         {ID},
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id    BIGINT NOT NULL,           -- who pushes; no reference: a user may be gone by then
    created_at BIGINT NOT NULL
);
CREATE INDEX open_pushes_by_project ON open_pushes (project_id);

CREATE TABLE triggers (
    id           {ID},
    project_id   BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    owner_id     BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    description  TEXT NOT NULL,
    token        TEXT NOT NULL,           -- sealed; owners may read it again
    token_hash   TEXT NOT NULL UNIQUE,
    token_start  TEXT NOT NULL,           -- what others than the owner see
    expires_at   BIGINT,
    last_used_at BIGINT,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE INDEX triggers_by_project ON triggers (project_id);
CREATE INDEX triggers_by_owner ON triggers (owner_id);

CREATE TABLE pipeline_schedules (
    id            {ID},
    project_id    BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    owner_id      BIGINT REFERENCES users (id) ON DELETE SET NULL,  -- NULL: the owner is gone
    description   TEXT NOT NULL,
    ref           TEXT NOT NULL,          -- full
    cron          TEXT NOT NULL,
    cron_timezone TEXT NOT NULL,
    active        SMALLINT NOT NULL,
    next_run_at   BIGINT,
    last_pipeline_id BIGINT,              -- NULL: none yet, or deleted
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
CREATE INDEX pipeline_schedules_by_project ON pipeline_schedules (project_id, id);
CREATE INDEX pipeline_schedules_by_owner ON pipeline_schedules (owner_id);
CREATE INDEX pipeline_schedules_due ON pipeline_schedules (active, next_run_at);

CREATE TABLE schedule_variables (
    id            {ID},
    schedule_id   BIGINT NOT NULL REFERENCES pipeline_schedules (id) ON DELETE CASCADE,
    key           TEXT NOT NULL,
    value         TEXT NOT NULL,          -- sealed
    variable_type TEXT NOT NULL,
    raw           SMALLINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX schedule_variables_by_key ON schedule_variables (schedule_id, key);

-- One row a due tick: what became of it.  The unique key makes it exactly one.
CREATE TABLE schedule_ticks (
    id          {ID},
    schedule_id BIGINT NOT NULL REFERENCES pipeline_schedules (id) ON DELETE CASCADE,
    tick_at     BIGINT NOT NULL,
    pipeline_id BIGINT,                   -- NULL: none made
    result      TEXT NOT NULL,            -- due, created, failed
    reason      TEXT,                     -- why none was made; NULL: made, or still due
    recorded_at BIGINT NOT NULL,
    settled_at  BIGINT                    -- NULL: still due
);
CREATE UNIQUE INDEX schedule_ticks_once ON schedule_ticks (schedule_id, tick_at);
CREATE INDEX schedule_ticks_open ON schedule_ticks (id) WHERE result = 'due';

CREATE TABLE pipelines (
    id             {ID},
    iid            BIGINT NOT NULL,
    project_id     BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id        BIGINT REFERENCES users (id) ON DELETE SET NULL,
    ref            TEXT NOT NULL,         -- short name, or the SHA of a run on a bare commit
    tag            SMALLINT NOT NULL,
    sha            TEXT NOT NULL,
    before_sha     TEXT NOT NULL,         -- 40 zeros: none
    source         TEXT NOT NULL,
    status         TEXT NOT NULL,
    failure_reason TEXT NOT NULL DEFAULT 'none',
    name           TEXT,                  -- workflow:name; NULL: none
    yaml_errors    TEXT,                  -- NULL: the configuration was valid
    config_path    TEXT NOT NULL,         -- the file it was compiled from
    protected      SMALLINT NOT NULL,
    cancel_on_job_failure SMALLINT NOT NULL DEFAULT 0, -- workflow:auto_cancel:on_job_failure: all
    schedule_id    BIGINT,                -- NULL: not from a schedule
    trigger_id     BIGINT,                -- NULL: not from a trigger
    upstream_job_id BIGINT,               -- whose job token made it; NULL: none
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    started_at     BIGINT,
    finished_at    BIGINT,
    duration_s     BIGINT,                -- NULL: not finished yet
    committed_at   BIGINT
);
CREATE UNIQUE INDEX pipelines_by_project_iid ON pipelines (project_id, iid);
-- With the source, so that counting reads no row.
CREATE INDEX pipelines_by_project ON pipelines (project_id, id, source);
CREATE INDEX pipelines_by_ref ON pipelines (project_id, ref, id);
CREATE INDEX pipelines_by_status ON pipelines (project_id, status, id);
CREATE INDEX pipelines_by_sha ON pipelines (project_id, sha);
CREATE INDEX pipelines_unfinished ON pipelines (id) WHERE finished_at IS NULL;
CREATE INDEX pipelines_by_user ON pipelines (user_id, id);
CREATE INDEX pipelines_by_updated ON pipelines (project_id, updated_at);
CREATE INDEX pipelines_by_schedule ON pipelines (schedule_id, id) WHERE schedule_id IS NOT NULL;

-- Given when the pipeline was made: by a trigger, a schedule, the API.
CREATE TABLE pipeline_variables (
    id            {ID},
    pipeline_id   BIGINT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    key           TEXT NOT NULL,
    value         TEXT NOT NULL,          -- sealed
    variable_type TEXT NOT NULL,
    raw           SMALLINT NOT NULL DEFAULT 0
);
CREATE INDEX pipeline_variables_by_pipeline ON pipeline_variables (pipeline_id, id);

CREATE TABLE stages (
    id          {ID},
    pipeline_id BIGINT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    position    BIGINT NOT NULL,
    status      TEXT NOT NULL
);
CREATE UNIQUE INDEX stages_by_pipeline ON stages (pipeline_id, position);

-- What a job does; the attempts of a job share one.
CREATE TABLE job_specs (
    id       {ID},
    pipeline_id BIGINT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    options  TEXT NOT NULL,               -- JSON: scripts, image, artifacts, variables (src/pipeline/spec.h)
    policy   TEXT                         -- JSON: what the engine asks of it (retry, exit codes); NULL: nothing
);
CREATE INDEX job_specs_by_pipeline ON job_specs (pipeline_id);

-- One attempt of a job.
CREATE TABLE jobs (
    id             {ID},
    pipeline_id    BIGINT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    project_id     BIGINT NOT NULL,
    spec_id        BIGINT NOT NULL REFERENCES job_specs (id) ON DELETE CASCADE,
    stage          TEXT NOT NULL,
    stage_position BIGINT NOT NULL,
    name           TEXT NOT NULL,
    status         TEXT NOT NULL,
    when_kind      TEXT NOT NULL,
    allow_failure  SMALLINT NOT NULL,
    by_needs       SMALLINT NOT NULL,     -- scheduled by its needs and not by its stage
    retried        SMALLINT NOT NULL DEFAULT 0,   -- a later attempt exists
    processed      SMALLINT NOT NULL DEFAULT 0,
    user_id        BIGINT REFERENCES users (id) ON DELETE SET NULL,
    tags           TEXT NOT NULL DEFAULT '',      -- blank-separated, sorted
    icon           TEXT,                  -- NULL: none
    timeout_s      BIGINT NOT NULL,       -- its own or the project's; fixed further when it starts
    start_in_s     BIGINT NOT NULL DEFAULT 0,
    enqueue_now    SMALLINT NOT NULL DEFAULT 0,
    failure_reason TEXT NOT NULL DEFAULT 'none',
    exit_code      BIGINT,                -- NULL: not known
    coverage       DOUBLE PRECISION,      -- NULL: none found
    runner_id      BIGINT,                -- NULL: not picked
    manager_id     BIGINT,
    token_hash     TEXT,                  -- of the job token; NULL: it has none (any more)
    confirm_by     BIGINT,                -- handed out, not confirmed yet; NULL: no hand-out is open
    graceful       SMALLINT NOT NULL DEFAULT 0,   -- its runner can cancel gracefully
    trace_size     BIGINT NOT NULL DEFAULT 0,     -- accepted log bytes
    debug_trace    SMALLINT NOT NULL DEFAULT 0,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,       -- status changes and signs of life
    queued_at      BIGINT,
    started_at     BIGINT,
    finished_at    BIGINT,
    scheduled_at   BIGINT,                -- when a delayed job becomes due
    erased_at      BIGINT,
    artifacts_expire_at BIGINT
);
CREATE INDEX jobs_by_pipeline ON jobs (pipeline_id, id);
CREATE INDEX jobs_by_project ON jobs (project_id, id);
CREATE INDEX jobs_by_project_status ON jobs (project_id, status, id);
-- The few that somebody waits for, of however many there are.
CREATE INDEX jobs_in_flight ON jobs (status, id)
    WHERE status = 'pending' OR status = 'running' OR status = 'canceling' OR status = 'scheduled';
CREATE INDEX jobs_by_user ON jobs (user_id);  -- for the day the user is deleted
CREATE INDEX jobs_by_spec ON jobs (spec_id);
CREATE INDEX jobs_by_runner ON jobs (runner_id, id) WHERE runner_id IS NOT NULL;
CREATE INDEX jobs_by_confirm ON jobs (confirm_by) WHERE confirm_by IS NOT NULL;
CREATE UNIQUE INDEX jobs_by_token ON jobs (token_hash) WHERE token_hash IS NOT NULL;

CREATE TABLE job_needs (
    id        {ID},
    spec_id   BIGINT NOT NULL REFERENCES job_specs (id) ON DELETE CASCADE,
    name      TEXT NOT NULL,
    artifacts SMALLINT NOT NULL
);
CREATE INDEX job_needs_by_spec ON job_needs (spec_id, id);

-- Given when a manual job is played; they belong to the attempt.
CREATE TABLE job_variables (
    id     {ID},
    job_id BIGINT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    key    TEXT NOT NULL,
    value  TEXT NOT NULL                  -- sealed
);
CREATE INDEX job_variables_by_job ON job_variables (job_id, id);

CREATE TABLE artifacts (
    id         {ID},
    job_id     BIGINT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    project_id BIGINT NOT NULL,
    file_type  TEXT NOT NULL,
    file_format TEXT,                     -- zip, gzip, raw; NULL: a trace
    filename   TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256     TEXT NOT NULL,
    blob_key   TEXT NOT NULL,
    expire_at  BIGINT,                    -- NULL: never
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX artifacts_by_job ON artifacts (job_id, file_type);
CREATE INDEX artifacts_by_expiry ON artifacts (expire_at) WHERE expire_at IS NOT NULL;
CREATE INDEX artifacts_by_project ON artifacts (project_id, id);

CREATE TABLE runners (
    id             {ID},
    kind           TEXT NOT NULL,         -- instance_type, group_type, project_type
    token_hash     TEXT NOT NULL UNIQUE,
    token_start    TEXT NOT NULL,
    description    TEXT NOT NULL DEFAULT '',
    maintenance_note TEXT,                -- NULL: none
    tags           TEXT NOT NULL DEFAULT '',   -- blank-separated, sorted
    run_untagged   SMALLINT NOT NULL DEFAULT 1,
    locked         SMALLINT NOT NULL DEFAULT 0,
    paused         SMALLINT NOT NULL DEFAULT 0,
    access_level   TEXT NOT NULL DEFAULT 'not_protected',   -- or ref_protected
    maximum_timeout_s BIGINT,             -- NULL: no maximum
    embedded       SMALLINT NOT NULL DEFAULT 0,   -- the server's own
    creator_id     BIGINT REFERENCES users (id) ON DELETE SET NULL,
    namespace_id   BIGINT REFERENCES namespaces (id) ON DELETE CASCADE, -- of a group runner
    contacted_at   BIGINT,                -- NULL: never; written at most once a minute
    created_at     BIGINT NOT NULL
);

-- Which projects a project runner serves.
CREATE TABLE runner_projects (
    runner_id  BIGINT NOT NULL REFERENCES runners (id) ON DELETE CASCADE,
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    PRIMARY KEY (runner_id, project_id)
);
CREATE INDEX runner_projects_by_project ON runner_projects (project_id);

-- One process that uses a runner's token.
CREATE TABLE runner_managers (
    id           {ID},
    runner_id    BIGINT NOT NULL REFERENCES runners (id) ON DELETE CASCADE,
    system_id    TEXT NOT NULL,
    version      TEXT NOT NULL DEFAULT '',
    revision     TEXT NOT NULL DEFAULT '',
    platform     TEXT NOT NULL DEFAULT '',
    architecture TEXT NOT NULL DEFAULT '',
    executor     TEXT NOT NULL DEFAULT '',
    ip_address   TEXT NOT NULL DEFAULT '',
    contacted_at BIGINT,
    created_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX runner_managers_by_system ON runner_managers (runner_id, system_id);

-- Few, odd values: the installation's id, the instance's registration token.
CREATE TABLE instance_values (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
