-- 0012_last_pipeline.sql: a schedule's last pipeline is the newest of its pipelines, and no column.

ALTER TABLE pipeline_schedules DROP COLUMN last_pipeline_id;
