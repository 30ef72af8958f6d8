-- 0006_mirrors.sql: jobs that show the status of another project's pipeline.

-- 1: some job does, and is to be told of each change.
ALTER TABLE pipelines ADD COLUMN mirrored SMALLINT NOT NULL DEFAULT 0;

CREATE TABLE mirrors (
    job_id      BIGINT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    pipeline_id BIGINT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE
);
CREATE INDEX mirrors_by_pipeline ON mirrors (pipeline_id);
