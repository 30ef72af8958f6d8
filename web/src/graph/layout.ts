/** Where nodes of the graph stand, which edges there are, and the critical path.  Pure. */
import type { Graph, Job } from '../api/types';
import type { Stage } from '../lib/project';
import { isEnded, type Look } from '../lib/status';

export const NODE_W = 204;
export const NODE_H = 48;
export const TRAY_H = 108;
export const GAP_Y = 12;
export const GAP_X = 39;
export const EDGE = 16;
export const HEAD_H = 46;

/** How many jobs a column shows before those that passed fold into one node. */
export const COLUMN_MOST = 12;

export interface GraphNode {
  id: number;
  job: Job;
  /** Others that this node stands for, worst first; empty: only the job itself. */
  others: Job[];
  x: number;
  y: number;
  height: number;
}

export interface Edge {
  from: number;
  to: number;
}

export interface Column {
  stage: Stage;
  x: number;
}

export interface Layout {
  columns: Column[];
  nodes: GraphNode[];
  edges: Edge[];
  width: number;
  height: number;
}

const parallelBase = (name: string): string | null =>
  /^(.*?) \d+\/\d+$/.exec(name)?.[1] ?? /^(.*?): \[.*\]$/.exec(name)?.[1] ?? null;

const URGENT: readonly Look[] = ['failed', 'running', 'pending', 'manual', 'created', 'canceled', 'success', 'skipped'];
const urgency = (job: Job): number => {
  const at = URGENT.indexOf(job.status);
  return at < 0 ? 2 : at;
};

interface Member {
  job: Job;
  others: Job[];
}

/** The nodes of a column: parallel jobs as one; of a long column those that passed as one. */
export function foldColumn(jobs: readonly Job[], opened: boolean): Member[] {
  const groups = new Map<string, Job[]>();
  for (const job of jobs) {
    const key = parallelBase(job.name) ?? `=${job.name}`;
    const group = groups.get(key);
    if (group) group.push(job);
    else groups.set(key, [job]);
  }
  if (opened) return jobs.map((job) => ({ job, others: [] }));
  const members = [...groups.values()].map((group) => {
    const sorted = group.length > 1 ? [...group].sort((a, b) => urgency(a) - urgency(b)) : group;
    return { job: sorted[0] as Job, others: sorted.slice(1) };
  });
  if (members.length <= COLUMN_MOST) return members;
  const passed = members.filter((member) => member.job.status === 'success');
  if (passed.length < 2) return members;
  const first = passed[0] as Member;
  const folded: Member = { job: first.job, others: passed.flatMap((member) => [member.job, ...member.others]).slice(1) };
  return [...members.filter((member) => member.job.status !== 'success'), folded];
}

function edgesOf(graph: Graph | null, owner: ReadonlyMap<number, number>): Edge[] {
  const edges: Edge[] = [];
  const seen = new Set<string>();
  for (const { id, needs } of graph?.jobs ?? []) {
    const to = owner.get(id);
    for (const need of needs ?? []) {
      const from = owner.get(need);
      if (from === undefined || to === undefined || from === to || seen.has(`${from} ${to}`)) continue;
      seen.add(`${from} ${to}`);
      edges.push({ from, to });
    }
  }
  return edges;
}

/** Orders each column by the mean place of what its nodes need (there), then of what needs them (back). */
function order(columns: Member[][], edges: readonly Edge[]): void {
  const place = new Map<number, number>();
  const number = (column: Member[]): void => column.forEach((member, i) => place.set(member.job.id, i));
  columns.forEach(number);
  const sort = (column: Member[], near: (id: number) => number[]): void => {
    const mean = new Map(column.map((member, i) => {
      const places = near(member.job.id).map((id) => place.get(id) ?? i);
      return [member, places.length ? places.reduce((sum, each) => sum + each, 0) / places.length : i] as const;
    }));
    column.sort((a, b) => (mean.get(a) ?? 0) - (mean.get(b) ?? 0));
    number(column);
  };
  const into = (id: number): number[] => edges.filter((edge) => edge.to === id).map((edge) => edge.from);
  const out = (id: number): number[] => edges.filter((edge) => edge.from === id).map((edge) => edge.to);
  if (edges.length === 0 || edges.length > 3000) return;
  for (const column of columns.slice(1)) sort(column, into);
  for (const column of columns.slice(0, -1).reverse()) sort(column, out);
}

const heightOf = (member: Member): number => (member.job.downstream_pipeline ? TRAY_H : NODE_H);

/** The graph by stage; columns whose stage is in @opened are not folded. */
export function layoutStages(stages: readonly Stage[], graph: Graph | null, opened: ReadonlySet<string>): Layout {
  const columns = stages.map((stage) => foldColumn(stage.jobs, opened.has(stage.name)));
  const owner = new Map<number, number>();
  for (const { job, others } of columns.flat()) {
    owner.set(job.id, job.id);
    for (const other of others) owner.set(other.id, job.id);
  }
  const edges = edgesOf(graph, owner);
  order(columns, edges);
  const tall = (column: Member[]): number => column.reduce((sum, member) => sum + heightOf(member) + GAP_Y, -GAP_Y);
  const tallest = Math.max(NODE_H, ...columns.map(tall));
  const nodes: GraphNode[] = [];
  const heads: Column[] = [];
  columns.forEach((column, i) => {
    const x = EDGE + i * (NODE_W + GAP_X);
    heads.push({ stage: stages[i] as Stage, x });
    let y = HEAD_H + (tallest > 700 ? 0 : Math.floor((tallest - tall(column)) / 2));
    for (const member of column) {
      nodes.push({ id: member.job.id, ...member, x, y, height: heightOf(member) });
      y += heightOf(member) + GAP_Y;
    }
  });
  return {
    columns: heads, nodes, edges,
    width: EDGE * 2 + stages.length * NODE_W + Math.max(0, stages.length - 1) * GAP_X,
    height: HEAD_H + tallest + EDGE,
  };
}

/** The curve from the right middle of one node to the left middle of another; within a column it goes around at the left. */
export function edgePath(from: GraphNode, to: GraphNode): string {
  const x1 = from.x + NODE_W;
  const y1 = from.y + NODE_H / 2;
  const x2 = to.x;
  const y2 = to.y + NODE_H / 2;
  if (y1 === y2 && x2 > x1) return `M${x1} ${y1}H${x2}`;
  if (from.x === to.x) return `M${x2} ${y1}C${x2 - 22} ${y1} ${x2 - 22} ${y2} ${x2} ${y2}`;
  const bend = x2 > x1 ? 24 : 60;
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

/** The chain of jobs whose times make the pipeline as long as it is: ids, and its length so far in seconds. */
export function criticalPath(stages: readonly Stage[], graph: Graph | null, now: number): { ids: Set<number>; seconds: number } {
  const needs = new Map((graph?.jobs ?? []).map((each) => [each.id, each]));
  const spent = (job: Job): number => {
    if (job.duration !== null && isEnded(job.status)) return job.duration;
    if (job.started_at) return (now - Date.parse(job.started_at)) / 1000;
    return 0;
  };
  const ahead = (job: Job): number =>
    Math.max(spent(job), isEnded(job.status) || job.status === 'manual' ? 0 : needs.get(job.id)?.usual_duration ?? 0);
  const best = new Map<number, { total: number; before: number | null }>();
  let last: { id: number; total: number } | null = null;
  let stageBest: { id: number; total: number } | null = null;
  for (const stage of stages) {
    let here: { id: number; total: number } | null = null;
    for (const job of stage.jobs) {
      const own = needs.get(job.id)?.needs;
      let before: { id: number; total: number } | null = own ? null : stageBest;
      for (const need of own ?? []) {
        const total = best.get(need)?.total;
        if (total !== undefined && (!before || total > before.total)) before = { id: need, total };
      }
      const total: number = (before?.total ?? 0) + ahead(job);
      best.set(job.id, { total, before: before?.id ?? null });
      if (ahead(job) > 0 && (!here || total > here.total)) here = { id: job.id, total };
    }
    if (here && (!stageBest || here.total > stageBest.total)) stageBest = here;
    if (here && (!last || here.total > last.total)) last = here;
  }
  const ids = new Set<number>();
  const jobs = new Map(stages.flatMap((stage) => stage.jobs).map((job) => [job.id, job]));
  let seconds = 0;
  for (let id: number | null = last?.id ?? null; id !== null; id = best.get(id)?.before ?? null) {
    ids.add(id);
    const job = jobs.get(id);
    if (job) seconds += spent(job);
  }
  return { ids, seconds };
}

/** All that @id needs, and all that needs it, however far; itself too. */
export function kin(id: number, edges: readonly Edge[]): Set<number> {
  const found = new Set([id]);
  for (const [near, far] of [['from', 'to'], ['to', 'from']] as const) {
    const open = [id];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const edge of edges) {
        if (edge[near] !== at || found.has(edge[far])) continue;
        found.add(edge[far]);
        open.push(edge[far]);
      }
    }
  }
  return found;
}
