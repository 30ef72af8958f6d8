-- 0011_backfills.sql: past ticks of a schedule that are run on demand; inputs of schedules.

CREATE TABLE backfills (
    id           {ID},
    schedule_id  BIGINT NOT NULL REFERENCES pipeline_schedules (id) ON DELETE CASCADE,
    user_id      BIGINT REFERENCES users (id) ON DELETE SET NULL,    -- whose runs they are; NULL: gone
    from_at      BIGINT NOT NULL,
    to_at        BIGINT NOT NULL,         -- included
    max_parallel BIGINT NOT NULL,
    status       TEXT NOT NULL,           -- running, finished, canceled
    created_at   BIGINT NOT NULL,
    finished_at  BIGINT                   -- NULL: running
);
CREATE INDEX backfills_by_schedule ON backfills (schedule_id, id);
CREATE INDEX backfills_by_user ON backfills (user_id);
-- One at a time.
CREATE UNIQUE INDEX backfills_running ON backfills (schedule_id) WHERE status = 'running';
CREATE INDEX backfills_at_work ON backfills (id) WHERE status = 'running';

-- 0: the schedule's own tick.  A tick has a row for itself and one for each backfill that runs it
-- again; those are `waiting` until their turn comes.
ALTER TABLE schedule_ticks ADD COLUMN backfill_id BIGINT NOT NULL DEFAULT 0;
DROP INDEX schedule_ticks_once;
CREATE UNIQUE INDEX schedule_ticks_once ON schedule_ticks (schedule_id, tick_at, backfill_id);
DROP INDEX schedule_ticks_waiting;
CREATE INDEX schedule_ticks_waiting ON schedule_ticks (schedule_id, tick_at)
    WHERE result = 'waiting' AND backfill_id = 0;
CREATE INDEX schedule_ticks_of_backfills ON schedule_ticks (backfill_id, result, tick_at)
    WHERE backfill_id <> 0;
CREATE INDEX schedule_ticks_by_pipeline ON schedule_ticks (pipeline_id) WHERE backfill_id <> 0;

CREATE TABLE schedule_inputs (
    id          {ID},
    schedule_id BIGINT NOT NULL REFERENCES pipeline_schedules (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    value       TEXT NOT NULL             -- JSON, sealed
);
CREATE UNIQUE INDEX schedule_inputs_by_name ON schedule_inputs (schedule_id, name);
