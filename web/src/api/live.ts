/** The one event stream of a page: says what changed, and whether we would hear of it. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from './client';
import { readEvents } from './sse';

export interface Change {
  /** `resync`: anything may have changed. */
  kind: 'pipeline' | 'job' | 'resync';
  pipeline: number | null;
  job: number | null;
  status: string | null;
}

/** `asking`: this server has no event stream, so the page asks every few seconds. */
export type Connection = { state: 'live' | 'asking' | 'reconnecting' } | { state: 'offline'; since: number };

const ASK_MS = 3000;
const QUIET_MS = 2000; // shorter gaps are not shown
const OFFLINE_MS = 15_000;

interface Scope {
  project: number | null;
  pipeline: number | null;
}

let scope: Scope | null = null;
let aborter: AbortController | null = null;
let connection: Connection = { state: 'live' };
const changeListeners = new Set<(change: Change) => void>();
const connectionListeners = new Set<(connection: Connection) => void>();

function say(next: Connection): void {
  if (next.state === connection.state) return;
  connection = next;
  for (const listener of connectionListeners) listener(next);
}

function tell(change: Change): void {
  for (const listener of [...changeListeners]) listener(change);
}

const RESYNC: Change = { kind: 'resync', pipeline: null, job: null, status: null };

function parse(event: string, data: string): Change {
  if (event !== 'pipeline' && event !== 'job') return RESYNC;
  const value = JSON.parse(data) as { pipeline_id?: number; job_id?: number; status?: string };
  return { kind: event, pipeline: value.pipeline_id ?? null, job: value.job_id ?? null, status: value.status ?? null };
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

async function ask(signal: AbortSignal): Promise<void> {
  say({ state: 'asking' });
  while (!signal.aborted) {
    await pause(ASK_MS, signal);
    if (!signal.aborted && !document.hidden && changeListeners.size > 0) tell(RESYNC);
  }
}

/** Follows the stream of @of until @signal; comes back after breaks, and asks for all after a gap. */
async function follow(of: Scope, signal: AbortSignal): Promise<void> {
  const query = new URLSearchParams();
  if (of.project !== null) query.set('project_id', String(of.project));
  if (of.pipeline !== null) query.set('pipeline_id', String(of.pipeline));
  let lastId: string | null = null;
  let lostAt = 0;
  for (let wait = 250; !signal.aborted; wait = Math.min(wait * 2, 5000)) {
    const late = setTimeout(() => lostAt && say({ state: 'reconnecting' }), QUIET_MS);
    try {
      await readEvents(`/events/stream?${query}`, lastId, signal, () => {
        clearTimeout(late);
        say({ state: 'live' });
        if (lostAt && lastId === null) tell(RESYNC);
        lostAt = 0;
        wait = 250;
      }, (event) => {
        lastId = event.id ?? lastId;
        tell(parse(event.event, event.data));
      });
    } catch (error) {
      if (signal.aborted) break;
      if (error instanceof ApiError && (error.status === 404 || error.status === 405)) {
        clearTimeout(late);
        return ask(signal);
      }
    }
    lostAt ||= Date.now();
    if (Date.now() - lostAt > OFFLINE_MS) say({ state: 'offline', since: lostAt });
    await pause(wait, signal);
    clearTimeout(late);
    if (Date.now() - lostAt > QUIET_MS && connection.state === 'live') say({ state: 'reconnecting' });
  }
}

function open(next: Scope): void {
  if (scope && scope.project === next.project && scope.pipeline === next.pipeline) return;
  aborter?.abort();
  scope = next;
  aborter = new AbortController();
  void follow(next, aborter.signal);
}

/** Follows what changes in a project (null: in all), or only in one pipeline of it. */
export function useLive(project: number | null | undefined, pipeline: number | null, onChange: (change: Change) => void): void {
  useEffect(() => {
    if (project === undefined) return;
    open({ project, pipeline });
    changeListeners.add(onChange);
    return () => {
      changeListeners.delete(onChange);
    };
  }, [project, pipeline, onChange]);
}

export function useConnection(): Connection {
  const [value, setValue] = useState(connection);
  useEffect(() => {
    connectionListeners.add(setValue);
    return () => {
      connectionListeners.delete(setValue);
    };
  }, []);
  return value;
}
