/** The graph of a pipeline's jobs, by stage: nodes as links, edges as one path a class. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Graph, Job } from '../api/types';
import { useNow } from '../lib/clock';
import { link } from '../lib/router';
import { stageIcon, type Stage } from '../lib/project';
import { isEnded, jobLook, type Look, reasonWords, word } from '../lib/status';
import { cutMiddle, duration, many } from '../lib/words';
import { Button, Icon, StatusIcon } from '../ui/parts';
import { criticalPath, type Edge, edgePath, type GraphNode, kin, layoutStages } from './layout';

export interface JobActions {
  retry: (job: Job) => void;
  play: (job: Job) => void;
  /** Jobs whose action was asked for and not yet seen. */
  asked: ReadonlySet<number>;
}

/** Where a job's name leads: to its page, of a bridge to the pipeline that it made. */
export function jobHref(project: string, job: Job): string {
  const made = job.downstream_pipeline;
  if (!made) return link(project, 'jobs', job.id);
  const path = /^https?:\/\/[^/]+(\/.*)$/.exec(made.web_url)?.[1];
  return path ?? link(project, 'pipelines', made.id);
}

/** The one most useful thing about a job. */
export function jobLine(job: Job, usual: number | null, waitsFor: string | null, now: number): string {
  switch (job.status) {
    case 'running': {
      const spent = job.started_at ? Math.max(0, Math.floor((now - Date.parse(job.started_at)) / 1000)) : 0;
      return usual ? `${duration(spent)}, usually ${duration(usual)}` : duration(spent);
    }
    case 'failed':
      return `${duration(job.duration)}${job.failure_reason ? `, ${reasonWords(job.failure_reason).toLowerCase()}` : ''}`;
    case 'success':
      return duration(job.duration);
    case 'manual':
      return 'Waits for a person';
    case 'created':
      return waitsFor ? `After ${waitsFor}` : 'Waits for earlier jobs';
    case 'pending':
      return 'Waits for a runner';
    default:
      return word(job.status);
  }
}

interface NodeProps {
  project: string;
  node: GraphNode;
  line: string;
  critical: boolean;
  dim: boolean;
  share: number | null;
  actions: JobActions;
  onOpen: () => void;
  needsText: string;
}

function NodeAction({ job, actions }: { job: Job; actions: JobActions }) {
  if (job.status === 'manual') return <Button kind="small" label={`Run ${job.name}`} onClick={() => actions.play(job)}>Run</Button>;
  if (!isEnded(job.status) || job.downstream_pipeline || job.status === 'skipped') return null;
  return (
    <Button kind={`ghost icon small${job.status === 'failed' ? '' : ' more-b'}`} icon="retry" label={`Retry ${job.name}`}
      onClick={() => actions.retry(job)} />
  );
}

function Node({ project, node, line, critical, dim, share, actions, onOpen, needsText }: NodeProps) {
  const { job, others } = node;
  const look: Look = actions.asked.has(job.id) ? 'pending' : jobLook(job);
  const made = job.downstream_pipeline;
  const fold = others.length > 0;
  const name = fold && job.status === 'success' ? `${others.length + 1} passed` : cutMiddle(job.name, 28);
  const said = `${job.name}, ${word(look).toLowerCase()}, stage ${job.stage}${needsText ? `, needs ${needsText}` : ''}`;
  const classes = ['node', `st-${look}`, critical && 'crit', dim && 'dim', made && 'child', actions.asked.has(job.id) && 'asked'];
  return (
    <div class={classes.filter(Boolean).join(' ')} data-job={job.id} style={{ left: `${node.x}px`, top: `${node.y}px` }}>
      <StatusIcon look={look} />
      <span class="t">
        <b title={job.name}>{fold
          ? <button type="button" class="linklike plainlink" aria-label={`Show ${others.length + 1} jobs like ${job.name}`} onClick={onOpen}>{name}</button>
          : <a href={jobHref(project, job)} aria-label={said}><bdi>{name}</bdi></a>}</b>
        <small>{fold
          ? <span class="strip">{[job, ...others].slice(0, 18).map((each) => <i key={each.id} class={`st-${jobLook(each)}`} />)}{others.length > 17 && many(others.length + 1, 'job')}</span>
          : line}</small>
      </span>
      {!fold && <NodeAction job={job} actions={actions} />}
      {share !== null && <span class="bar2"><i style={{ width: `${Math.round(share * 100)}%` }} /></span>}
      {made && (
        <span class="kids"><span class="flex mono"><Icon name="file" small /><span class="clip">{made.name ?? `Pipeline #${made.id}`}</span></span>
          <a class="flex" href={jobHref(project, job)}><StatusIcon look={made.status} /><span class="num">{word(made.status)}, #{made.id}</span></a></span>
      )}
    </div>
  );
}

interface EdgesProps {
  edges: readonly Edge[];
  nodes: ReadonlyMap<number, GraphNode>;
  critical: ReadonlySet<number>;
  kinOf: ReadonlySet<number> | null;
}

type Kind = 'crit' | 'crit wait' | 'bad' | 'wait' | '' | 'dim';

function kindOf(edge: Edge, from: Job, critical: ReadonlySet<number>, kinOf: ReadonlySet<number> | null): Kind {
  if (kinOf && !(kinOf.has(edge.from) && kinOf.has(edge.to))) return 'dim';
  const met = from.status === 'success' || from.status === 'skipped' || (from.status === 'failed' && from.allow_failure);
  if (critical.has(edge.from) && critical.has(edge.to)) return met || from.status === 'failed' ? 'crit' : 'crit wait';
  if (from.status === 'failed' && !from.allow_failure) return 'bad';
  return met ? '' : 'wait';
}

function Edges({ edges, nodes, critical, kinOf }: EdgesProps) {
  const paths = new Map<Kind, string>();
  for (const edge of edges) {
    const from = nodes.get(edge.from);
    const to = nodes.get(edge.to);
    if (!from || !to) continue;
    const kind = kindOf(edge, from.job, critical, kinOf);
    paths.set(kind, (paths.get(kind) ?? '') + edgePath(from, to));
  }
  const drawn: Kind[] = ['dim', 'wait', '', 'bad', 'crit wait', 'crit'];
  return <svg class="edges" aria-hidden="true">{drawn.map((kind) => paths.has(kind) && <path key={kind} class={kind} d={paths.get(kind)} />)}</svg>;
}

function stageSays(stage: Stage): string {
  const done = stage.jobs.filter((job) => isEnded(job.status)).length;
  const all = `${done} of ${stage.jobs.length}`;
  const starts = stage.jobs.flatMap((job) => (job.started_at ? [Date.parse(job.started_at)] : []));
  const ends = stage.jobs.flatMap((job) => (job.finished_at ? [Date.parse(job.finished_at)] : []));
  if (done < stage.jobs.length || starts.length === 0 || ends.length === 0) return all;
  return `${all}, ${duration((Math.max(...ends) - Math.min(...starts)) / 1000)}`;
}

/** Arrow keys go along columns (up, down) and to the nearest node of the next column (left, right). */
function step(nodes: readonly GraphNode[], from: number | null, key: string): GraphNode | undefined {
  const at = nodes.find((node) => node.id === from);
  if (!at) return nodes[0];
  const sideways = key === 'ArrowLeft' || key === 'ArrowRight';
  const ahead = key === 'ArrowRight' || key === 'ArrowDown' ? 1 : -1;
  const others = nodes.filter((node) => (sideways ? (node.x - at.x) * ahead > 0 : node.x === at.x && (node.y - at.y) * ahead > 0));
  const far = (node: GraphNode): number => Math.abs(node.x - at.x) * 10 + Math.abs(node.y - at.y);
  return others.sort((a, b) => far(a) - far(b))[0];
}

const EDGES_MOST = 200;

interface GraphProps {
  project: string;
  stages: readonly Stage[];
  graph: Graph | null;
  showCritical: boolean;
  zoom: number;
  actions: JobActions;
}

export function PipelineGraph({ project, stages, graph, showCritical, zoom, actions }: GraphProps) {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const [near, setNear] = useState<number | null>(null);
  const canvas = useRef<HTMLDivElement>(null);
  const running = stages.some((stage) => stage.jobs.some((job) => job.status === 'running'));
  const now = useNow(running);
  const layout = useMemo(() => layoutStages(stages, graph, opened), [stages, graph, opened]);
  const nodes = useMemo(() => new Map(layout.nodes.map((node) => [node.id, node])), [layout]);
  const told = useMemo(() => new Map((graph?.jobs ?? []).map((each) => [each.id, each])), [graph]);
  const names = useMemo(() => new Map(stages.flatMap((stage) => stage.jobs).map((job) => [job.id, job])), [stages]);
  const critical = showCritical ? criticalPath(stages, graph, now).ids : new Set<number>();
  const kinOf = near !== null && layout.edges.length > 0 ? kin(near, layout.edges) : null;
  const many200 = layout.nodes.length > EDGES_MOST;
  const edges = many200 ? (kinOf ? layout.edges.filter((edge) => kinOf.has(edge.from) && kinOf.has(edge.to)) : []) : layout.edges;
  useDrag(canvas);

  const view = useView(canvas, layout.height * zoom > 3000 || layout.width * zoom > 6000);
  const inView = (node: GraphNode): boolean =>
    !view || (node.y * zoom > view.top - view.height && node.y * zoom < view.top + 2 * view.height
      && node.x * zoom > view.left - view.width && node.x * zoom < view.left + 2 * view.width);

  const onKey = (event: KeyboardEvent): void => {
    if (!/^Arrow/.test(event.key)) return;
    const to = step(layout.nodes, near, event.key);
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    canvas.current?.querySelector<HTMLElement>(`[data-job="${to.id}"] a, [data-job="${to.id}"] button`)?.focus();
  };
  return (
    <div class="canvas" ref={canvas} role="group" tabIndex={0} aria-label="Graph of jobs by stage. Arrow keys move between jobs." onKeyDown={onKey}
      onFocusIn={(event) => setNear(Number((event.target as Element).closest('[data-job]')?.getAttribute('data-job')) || null)}
      onFocusOut={() => setNear(null)}
      onPointerOver={(event) => setNear(Number((event.target as Element).closest('[data-job]')?.getAttribute('data-job')) || null)}
      onPointerLeave={() => setNear(null)}>
      <div class="graph" style={{ width: `${layout.width * zoom}px`, height: `${layout.height * zoom}px` }}>
        <div class="zoomed" style={{ transform: `scale(${zoom})`, width: `${layout.width}px`, height: `${layout.height}px` }}>
          <Edges edges={edges} nodes={nodes} critical={critical} kinOf={kinOf} />
          {layout.columns.map(({ stage, x }) => (
            <div key={stage.name} class="colhead" style={{ left: `${x}px` }}>
              <Icon name={stageIcon(stage.name)} small /><b class="clip" title={stage.name}><bdi>{stage.name}</bdi></b><span class="num nowrap">{stageSays(stage)}</span>
            </div>
          ))}
          {layout.nodes.filter(inView).map((node) => {
            const known = told.get(node.id);
            const usual = known?.usual_duration ?? null;
            const needed = (known?.needs ?? []).flatMap((id) => names.get(id) ?? []);
            const spent = node.job.started_at ? (now - Date.parse(node.job.started_at)) / 1000 : 0;
            return (
              <Node key={node.id} project={project} node={node} actions={actions}
                line={jobLine(node.job, usual, needed.find((job) => !isEnded(job.status))?.name ?? null, now)}
                needsText={needed.map((job) => job.name).join(', ')}
                critical={critical.has(node.id)} dim={kinOf !== null && !kinOf.has(node.id)}
                share={node.job.status === 'running' && usual ? Math.min(0.98, spent / usual) : null}
                onOpen={() => setOpened(new Set([...opened, node.job.stage]))} />
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** What of a large graph is seen; null while it is small enough to be there whole. */
function useView(canvas: { current: HTMLDivElement | null }, large: boolean) {
  const [view, setView] = useState<{ left: number; top: number; width: number; height: number } | null>(null);
  useEffect(() => {
    if (!large) {
      setView(null);
      return;
    }
    const read = (): void => {
      const box = canvas.current;
      if (!box) return;
      const top = Math.max(0, -box.getBoundingClientRect().top) + box.scrollTop;
      setView({ left: box.scrollLeft, top, width: box.clientWidth, height: innerHeight });
    };
    read();
    const box = canvas.current;
    box?.addEventListener('scroll', read, { passive: true });
    addEventListener('scroll', read, { passive: true });
    return () => {
      box?.removeEventListener('scroll', read);
      removeEventListener('scroll', read);
    };
  }, [canvas, large]);
  return view;
}

/** Pan by drag, where nothing else is under the pointer. */
function useDrag(canvas: { current: HTMLDivElement | null }): void {
  useEffect(() => {
    const box = canvas.current;
    if (!box) return;
    const down = (event: PointerEvent): void => {
      if (event.button !== 0 || (event.target as Element).closest('.node')) return;
      const start = { x: event.clientX + box.scrollLeft, y: event.clientY + scrollY };
      const move = (to: PointerEvent): void => {
        box.scrollLeft = start.x - to.clientX;
        scrollTo(scrollX, start.y - to.clientY);
      };
      const up = (): void => removeEventListener('pointermove', move);
      addEventListener('pointermove', move);
      addEventListener('pointerup', up, { once: true });
    };
    box.addEventListener('pointerdown', down);
    return () => box.removeEventListener('pointerdown', down);
  }, [canvas]);
}
