-- 0010_ticks.sql: what becomes of ticks that come late, or while an earlier run is at work.

-- Of ticks that were missed: none, latest, all.
ALTER TABLE pipeline_schedules ADD COLUMN catch_up TEXT NOT NULL DEFAULT 'latest';
-- While a pipeline of the schedule is at work: allow, skip, queue, cancel_previous.
ALTER TABLE pipeline_schedules ADD COLUMN overlap_policy TEXT NOT NULL DEFAULT 'allow';
-- In seconds; a tick that could not start by then is skipped.  NULL: whenever.
ALTER TABLE pipeline_schedules ADD COLUMN max_start_delay BIGINT;

-- result may also be skipped (reason says why) and waiting (for the run before it).
CREATE INDEX schedule_ticks_waiting ON schedule_ticks (schedule_id, tick_at) WHERE result = 'waiting';

-- The time of its tick, in the schedule's zone; NULL: none.
ALTER TABLE pipelines ADD COLUMN schedule_tick TEXT;
CREATE INDEX pipelines_of_schedules_at_work ON pipelines (schedule_id, id)
    WHERE schedule_id IS NOT NULL AND (status = 'created' OR status = 'waiting_for_resource'
    OR status = 'preparing' OR status = 'waiting_for_callback' OR status = 'pending'
    OR status = 'running' OR status = 'canceling' OR status = 'scheduled');
