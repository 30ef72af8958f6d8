-- 0002_servers.sql: several servers on one database, and whose what is.
--
-- What a server has begun and not ended bears its id.  A server that starts takes up what it left
-- itself; what belongs to one that has not been heard for a minute is taken up by any other.

-- The servers, each known by a random name that it keeps in its data folder (run/server.id).
CREATE TABLE servers (
    id         {ID},
    identity   TEXT NOT NULL UNIQUE,
    host       TEXT NOT NULL,             -- its machine's name, for people
    started_at BIGINT NOT NULL,
    heard_at   BIGINT NOT NULL            -- by its own clock: others only see that it moves
);

-- NULL in all of these: from before there were several servers.  No references: a server's row
-- may go before what it left.

-- Which server is taking the push in.
ALTER TABLE open_pushes ADD COLUMN server_id BIGINT;

-- Which server makes or imports the project, while import_status is scheduled or started.
ALTER TABLE projects ADD COLUMN server_id BIGINT;
CREATE INDEX projects_unfinished ON projects (id)
    WHERE import_status = 'scheduled' OR import_status = 'started';

-- Which server's own runner it is; NULL also: nobody's.
ALTER TABLE runners ADD COLUMN server_id BIGINT;
CREATE UNIQUE INDEX runners_by_server ON runners (server_id) WHERE server_id IS NOT NULL;

-- Who makes the pipeline of an open tick, and since when: another may take it up a while later.
ALTER TABLE schedule_ticks ADD COLUMN server_id BIGINT;
ALTER TABLE schedule_ticks ADD COLUMN taken_at BIGINT;
