-- 0007_dotenv.sql: variables that jobs leave to the jobs after them.

-- Of the attempt that brought them, in a dotenv report; they outlive the report's file.
CREATE TABLE dotenv_variables (
    id     {ID},
    job_id BIGINT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    key    TEXT NOT NULL,
    value  TEXT NOT NULL                  -- sealed
);
CREATE UNIQUE INDEX dotenv_variables_by_key ON dotenv_variables (job_id, key);
