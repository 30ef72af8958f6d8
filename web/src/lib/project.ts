/** What pages ask about a project, its pipelines and jobs. */
import { all, ApiError, get, list, projectPath } from '../api/client';
import type { Graph, Job, Pipeline, PipelineRow, Project } from '../api/types';
import { type Loaded, useLoad } from './load';
import { isEnded, jobLook, type Look, worst } from './status';

export const useProject = (path: string): Loaded<Project> =>
  useLoad(`project ${path}`, () => get<Project>(projectPath(path)));

/** A stage, with its jobs in the order in which they were made. */
export interface Stage {
  name: string;
  jobs: Job[];
}

/** Jobs by stage; stages in the order of their first job, which is the file's. */
export function stagesOf(jobs: readonly Job[]): Stage[] {
  const stages = new Map<string, Job[]>();
  for (const job of [...jobs].sort((a, b) => a.id - b.id)) {
    const found = stages.get(job.stage);
    if (found) found.push(job);
    else stages.set(job.stage, [job]);
  }
  return [...stages].map(([name, members]) => ({ name, jobs: members.sort(byName(members)) }));
}

// A retried job has a new id: the place of a job is that of its name among the others.
const byName = (members: readonly Job[]) => {
  const bases = new Map<string, number>();
  for (const job of members) bases.set(job.name, Math.min(bases.get(job.name) ?? job.id, job.id));
  return (a: Job, b: Job): number => (bases.get(a.name) ?? 0) - (bases.get(b.name) ?? 0);
};

export const stageLook = (stage: Stage): Look => worst(stage.jobs.map(jobLook));

/** How a pipeline is drawn, and what its look leaves unsaid. */
export function pipelineLook(pipeline: PipelineRow, warned: boolean): Look {
  return pipeline.status === 'success' && warned ? 'warning' : pipeline.status;
}

export interface Detail {
  pipeline: Pipeline;
  jobs: Job[];
}

/** A pipeline with its jobs and bridges, those of the last attempt only. */
export async function fetchDetail(project: string, id: number): Promise<Detail> {
  const base = `${projectPath(project)}/pipelines/${id}`;
  const [pipeline, jobs, bridges] = await Promise.all([
    get<Pipeline>(base),
    all<Job>(`${base}/jobs`),
    all<Job>(`${base}/bridges`).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 403) return [] as Job[];
      throw error;
    }),
  ]);
  return { pipeline, jobs: [...jobs, ...bridges] };
}

/** Who needs whom; null where the server does not tell. */
export async function fetchGraph(project: string, id: number): Promise<Graph | null> {
  try {
    return await get<Graph>(`${projectPath(project)}/pipelines/${id}/graph`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

const details = new Map<string, { updated: string; detail: Detail }>();

/** The detail of a row of the list; asked for once as long as the row does not change. */
export async function rowDetail(project: string, row: PipelineRow): Promise<Detail> {
  const key = `${project} ${row.id}`;
  const found = details.get(key);
  if (found && found.updated === row.updated_at && isEnded(row.status)) return found.detail;
  const detail = await fetchDetail(project, row.id);
  details.set(key, { updated: row.updated_at, detail });
  return detail;
}

export const fetchRows = (project: string, params: Record<string, string | number>) =>
  list<PipelineRow>(`${projectPath(project)}/pipelines`, params);

const SOURCES: Record<string, string> = {
  push: 'Push', web: 'By hand', trigger: 'Trigger', schedule: 'Schedule', api: 'API', pipeline: 'Another project',
  parent_pipeline: 'Parent pipeline',
};

export const sourceWords = (source: string): string => SOURCES[source] ?? source.replaceAll('_', ' ');

export const sourceIcon = (source: string): string =>
  source === 'schedule' ? 'cal' : source === 'trigger' || source.endsWith('pipeline') ? 'link' : 'user';

/** What a pipeline is called: its commit, where known. */
export const titleOf = (row: PipelineRow, detail: Detail | undefined): string =>
  detail?.jobs.find((job) => job.commit)?.commit?.title || row.name || row.ref;

const ICONS: readonly [RegExp, string][] = [
  [/test|check|quality|lint/i, 'test'], [/ingest|extract|init|fetch|prepar/i, 'ingest'], [/load|build/i, 'load'],
  [/transform|model|process/i, 'transform'], [/publi|deploy|release|pages/i, 'publish'],
];

/** The icon of a stage, by what its name says. */
export const stageIcon = (name: string): string => ICONS.find(([pattern]) => pattern.test(name))?.[1] ?? 'pipe';
