-- 0003_variables.sql: what jobs get from their project, its groups and the instance.

-- Of a project, of a group, or, with neither, of the instance.
CREATE TABLE ci_variables (
    id            {ID},
    project_id    BIGINT REFERENCES projects (id) ON DELETE CASCADE,
    namespace_id  BIGINT REFERENCES namespaces (id) ON DELETE CASCADE,
    key           TEXT NOT NULL,
    value         TEXT NOT NULL,          -- sealed
    variable_type TEXT NOT NULL,
    environment_scope TEXT NOT NULL,      -- a name or wildcard; *: any job
    protected     SMALLINT NOT NULL,      -- only for protected refs
    masked        SMALLINT NOT NULL,
    hidden        SMALLINT NOT NULL,      -- the value is never shown again
    raw           SMALLINT NOT NULL,
    description   TEXT                    -- NULL: none
);
CREATE UNIQUE INDEX ci_variables_of_project ON ci_variables (project_id, key, environment_scope)
    WHERE project_id IS NOT NULL;
CREATE UNIQUE INDEX ci_variables_of_namespace
    ON ci_variables (namespace_id, key, environment_scope) WHERE namespace_id IS NOT NULL;
CREATE UNIQUE INDEX ci_variables_of_instance ON ci_variables (key)
    WHERE project_id IS NULL AND namespace_id IS NULL;
CREATE INDEX ci_variables_instance_list ON ci_variables (id)
    WHERE project_id IS NULL AND namespace_id IS NULL;
