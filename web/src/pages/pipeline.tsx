/** One pipeline: what failed and why, then its jobs as a graph or a list, and all that belongs to it. */
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { ApiError, get, post, projectPath, remove } from '../api/client';
import { type Change, useLive } from '../api/live';
import type { Graph, Job, Pipeline, TestReport, Variable } from '../api/types';
import { criticalPath } from '../graph/layout';
import { jobHref, jobLine, type JobActions, PipelineGraph } from '../graph/graph';
import { useNow } from '../lib/clock';
import { useKeys } from '../lib/keys';
import { useLoad } from '../lib/load';
import { setPref, usePrefs } from '../lib/prefs';
import { type Detail, fetchDetail, fetchGraph, pipelineLook, sourceIcon, sourceWords, stageIcon, stageLook, stagesOf, type Stage, titleOf, useProject } from '../lib/project';
import { link, navigate, useAddress } from '../lib/router';
import { isAtWork, isCancelable, isEnded, jobLook, reasonWords, word } from '../lib/status';
import { useTitle } from '../lib/title';
import { duration, many } from '../lib/words';
import { Frame } from '../ui/frame';
import { type Action, Bars, Button, Confirm, Empty, Failure, Icon, Menu, Pill, StatusIcon, Took, When } from '../ui/parts';
import { NotFound } from './notfound';

const VIEWS = ['', 'tests', 'timeline', 'variables'] as const;

/** An action on a pipeline or a job: shown at once, taken back with a word when it is refused. */
export function useActions(reload: () => void) {
  const [asked, setAsked] = useState<ReadonlySet<number>>(new Set());
  const [refused, setRefused] = useState<string | null>(null);
  const run = useCallback(async (what: string, id: number, call: () => Promise<unknown>): Promise<boolean> => {
    setRefused(null);
    setAsked((was) => new Set([...was, id]));
    try {
      await call();
      reload();
      return true;
    } catch (error) {
      setRefused(`${what} was refused: ${error instanceof ApiError ? error.message : String(error)}`);
      return false;
    } finally {
      setAsked((was) => new Set([...was].filter((each) => each !== id)));
    }
  }, [reload]);
  return { asked, refused, run };
}

function Head({ project, detail, actions }: { project: string; detail: Detail; actions: ReturnType<typeof useActions> }) {
  const { pipeline, jobs } = detail;
  const [asking, setAsking] = useState(false);
  const base = `${projectPath(project)}/pipelines/${pipeline.id}`;
  const failed = jobs.filter((job) => job.status === 'failed' && !job.allow_failure);
  const warned = jobs.filter((job) => job.status === 'failed' && job.allow_failure);
  const retryable = failed.length > 0 || jobs.some((job) => job.status === 'canceled');
  const cancelable = jobs.some((job) => isCancelable(job.status)) && !isEnded(pipeline.status);
  const menu: Action[] = [
    { name: 'Run this type again', icon: 'play', run: () => navigate(`${link(project, 'run')}?ref=${encodeURIComponent(pipeline.ref)}${pipeline.name ? `&type=${encodeURIComponent(pipeline.name)}` : ''}`) },
    { name: 'Delete pipeline', danger: true, run: () => setAsking(true) },
  ];
  return (
    <div class="head">
      <div class="grow">
        <div class="flex titles">
          <h1><bdi>{titleOf(pipeline, detail)}</bdi></h1>
          <Pill look={pipelineLook(pipeline, warned.length > 0)} />
          {failed.length > 0 && pipeline.status !== 'failed' && <Pill look="failed">{failed.length} failed</Pill>}
        </div>
        <p class="meta"><span class="num">#{pipeline.id}</span>
          {pipeline.name && <span><Icon name="file" /><bdi class="mono">{pipeline.name}</bdi></span>}
          <span><Icon name="branch" /><bdi>{pipeline.ref}</bdi><span class="mono faint">{pipeline.sha.slice(0, 8)}</span></span>
          <span><Icon name={sourceIcon(pipeline.source)} /><bdi>{pipeline.source === 'schedule' ? 'Schedule' : pipeline.user?.name ?? sourceWords(pipeline.source)}</bdi></span>
          <span><Icon name="clock" /><When at={pipeline.created_at} /></span>
          <span class="num"><Icon name="timer" /><Took from={pipeline.started_at} to={isAtWork(pipeline.status) ? null : pipeline.finished_at} seconds={pipeline.duration} /></span>
        </p>
      </div>
      <div class="acts">
        {retryable && <Button kind="primary" icon="retry" busy={actions.asked.has(pipeline.id)} onClick={() => void actions.run('Retry', pipeline.id, () => post(`${base}/retry`))}>Retry failed</Button>}
        {cancelable && <Button icon="stop" busy={actions.asked.has(pipeline.id)} onClick={() => void actions.run('Cancel', pipeline.id, () => post(`${base}/cancel`))}>Cancel</Button>}
        <Menu label="More actions" actions={menu} />
      </div>
      {asking && <Confirm question={`Delete #${pipeline.id} and its ${many(jobs.length, 'log')}?`} verb="Delete" onNo={() => setAsking(false)}
        onYes={() => {
          setAsking(false);
          void actions.run('Delete', pipeline.id, () => remove(base)).then((done) => done && navigate(link(project, 'pipelines')));
        }} />}
    </div>
  );
}

/** What failed, in words, with the way to its line. */
function FailureNote({ project, detail }: { project: string; detail: Detail }) {
  const failed = detail.jobs.filter((job) => job.status === 'failed' && !job.allow_failure);
  const first = failed[0];
  if (detail.pipeline.yaml_errors) {
    return (
      <div class="note st-failed" role="status"><Icon name="st-failed" />
        <p><b>The pipeline file is not valid.</b> <code class="mono">{detail.pipeline.yaml_errors}</code></p></div>
    );
  }
  if (!first) return null;
  return (
    <div class="note st-failed" role="status"><Icon name="st-failed" />
      <p><a class="b" href={jobHref(project, first)}><bdi>{first.name}</bdi></a> failed: {reasonWords(first.failure_reason ?? 'script_failure').toLowerCase()}.{' '}
        {first.failure_message && <span class="muted">{first.failure_message} </span>}
        {failed.length > 1 && <span class="muted">{many(failed.length - 1, 'other job')} failed too: {failed.slice(1, 4).map((job) => job.name).join(', ')}{failed.length > 4 ? ' and more' : ''}.</span>}</p>
      <span class="acts"><a class="btn small" href={jobHref(project, first)}>Open its last error</a></span>
    </div>
  );
}

function JobRow({ project, job, actions, needs }: { project: string; job: Job; actions: JobActions; needs: string }) {
  const now = useNow(job.status === 'running');
  const look = actions.asked.has(job.id) ? 'pending' : jobLook(job);
  return (
    <div class={`row st-${look}`}>
      <StatusIcon look={look} />
      <span class="bigrow"><a class="b sm clip" href={jobHref(project, job)}><bdi>{job.name}</bdi></a>
        <span class="xs muted clip">{job.status === 'success' && needs ? `needs ${needs}` : jobLine(job, null, null, now)}</span></span>
      {job.status === 'manual' && <Button icon="play" label={`Run ${job.name}`} onClick={() => actions.play(job)}>Run</Button>}
      {job.status === 'failed' && <Button kind="icon" icon="retry" label={`Retry ${job.name}`} onClick={() => actions.retry(job)} />}
      {job.status === 'success' && <span class="xs muted num">{duration(job.duration)}</span>}
    </div>
  );
}

/** Jobs by stage for a phone; stages that need the reader first. */
function StageList({ project, stages, actions }: { project: string; stages: readonly Stage[]; actions: JobActions }) {
  const rank = (stage: Stage): number => ['failed', 'running', 'manual', 'pending', 'created'].indexOf(stageLook(stage));
  const sorted = [...stages].sort((a, b) => (rank(a) < 0 ? 9 : rank(a)) - (rank(b) < 0 ? 9 : rank(b)));
  return (
    <section class="panel jobs-m" aria-label="Jobs by stage, those that need you first">
      {sorted.map((stage) => (
        <div key={stage.name}>
          <h2><Icon name={stageIcon(stage.name)} small /><bdi>{stage.name}</bdi><span class="num">{stage.jobs.filter((job) => isEnded(job.status)).length} of {stage.jobs.length}</span></h2>
          {stage.jobs.map((job) => <JobRow key={job.id} project={project} job={job} actions={actions} needs="" />)}
        </div>
      ))}
    </section>
  );
}

type SortBy = 'stage' | 'status' | 'name' | 'time';

function JobTable({ project, stages, actions }: { project: string; stages: readonly Stage[]; actions: JobActions }) {
  const [by, setBy] = useState<SortBy>('stage');
  const now = useNow();
  const jobs = stages.flatMap((stage) => stage.jobs);
  const ranks = ['failed', 'running', 'pending', 'manual', 'created'];
  const rank = (job: Job): number => (ranks.indexOf(job.status) < 0 ? 9 : ranks.indexOf(job.status));
  const compare: Record<SortBy, (a: Job, b: Job) => number> = {
    stage: () => 0,
    status: (a, b) => rank(a) - rank(b),
    name: (a, b) => a.name.localeCompare(b.name),
    time: (a, b) => (b.duration ?? 0) - (a.duration ?? 0),
  };
  const head = (key: SortBy, name: string, more = '') => (
    <th class={more} aria-sort={by === key ? 'ascending' : undefined}><button type="button" class="linklike plainlink" onClick={() => setBy(key)}>{name}{by === key ? ' ↓' : ''}</button></th>
  );
  return (
    <section class="panel joblist desk-only" aria-label="Jobs">
      <table>
        <thead><tr>{head('status', 'Status', 'w150')}{head('name', 'Job')}{head('stage', 'Stage')}{head('time', 'Time', 'r w110')}<th class="w90"><span class="vh">Actions</span></th></tr></thead>
        <tbody>
          {[...jobs].sort(compare[by]).map((job) => (
            <tr key={job.id}>
              <td><span class={`st st-${jobLook(job)}`}><Icon name={`st-${jobLook(job)}`} />{word(jobLook(job))}</span></td>
              <td><a class="b" href={jobHref(project, job)}><bdi>{job.name}</bdi></a><div class="xs muted">{jobLine(job, null, null, now)}</div></td>
              <td class="muted"><bdi>{job.stage}</bdi></td>
              <td class="r"><Took from={job.started_at} to={job.finished_at} seconds={job.duration} /></td>
              <td class="r">{job.status === 'manual'
                ? <Button kind="small" label={`Run ${job.name}`} onClick={() => actions.play(job)}>Run</Button>
                : isEnded(job.status) && <Button kind="ghost icon small" icon="retry" label={`Retry ${job.name}`} onClick={() => actions.retry(job)} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface JobsViewProps {
  project: string;
  stages: readonly Stage[];
  graph: Graph | null;
  actions: JobActions;
}

function JobsView({ project, stages, graph, actions }: JobsViewProps) {
  const prefs = usePrefs();
  const [zoom, setZoom] = useState(1);
  const jobs = stages.flatMap((stage) => stage.jobs);
  const failed = jobs.filter((job) => job.status === 'failed' && !job.allow_failure);
  const running = jobs.filter((job) => job.status === 'running').length;
  const manual = jobs.filter((job) => job.status === 'manual').length;
  const now = useNow(running > 0);
  const path = useMemo(() => criticalPath(stages, graph, now), [stages, graph, now]);
  const [nth, setNth] = useState(0);
  const nextFailed = (): void => {
    const job = failed[nth % Math.max(1, failed.length)];
    if (!job) return;
    setNth(nth + 1);
    document.querySelector<HTMLElement>(`[data-job="${job.id}"] a`)?.focus();
  };
  const scale = (to: number) => () => setZoom(Math.min(1.5, Math.max(0.25, Math.round(to * 100) / 100)));
  useKeys({ N: nextFailed, C: () => setPref('critical', !prefs.critical), '+': scale(zoom + 0.1), '=': scale(zoom + 0.1), '-': scale(zoom - 0.1), 0: scale(1) });
  const listed = prefs.order === 'list';
  return (
    <>
      <div class="tools">
        <span class="seg" role="group" aria-label="Show jobs as">
          <button type="button" aria-pressed={!listed} onClick={() => setPref('order', 'stages')}>Stages</button>
          <button type="button" aria-pressed={listed} onClick={() => setPref('order', 'list')}>List</button>
        </span>
        {!listed && <Button kind="small" pressed={prefs.critical} onClick={() => setPref('critical', !prefs.critical)}>Critical path</Button>}
        {failed.length > 0 && <button type="button" class="chip st-failed chip-b" onClick={nextFailed} title="Next failed job (N)">{failed.length} failed</button>}
        {running > 0 && <span class="chip">{running} running</span>}
        {manual > 0 && <span class="chip">{manual} {manual === 1 ? 'waits' : 'wait'} for a person</span>}
        <span class="grow" />
        {!listed && <span class="flex tight">
          <Button kind="ghost icon small" label="Zoom out" onClick={scale(zoom - 0.1)}>−</Button><span class="xs muted num">{Math.round(zoom * 100)} %</span>
          <Button kind="ghost icon small" label="Zoom in" onClick={scale(zoom + 0.1)}>+</Button>
        </span>}
      </div>
      {listed
        ? <JobTable project={project} stages={stages} actions={actions} />
        : <PipelineGraph project={project} stages={stages} graph={graph} showCritical={prefs.critical} zoom={zoom} actions={actions} />}
      {!listed && (
        <div class="legend">
          {prefs.critical && path.ids.size > 0 && <span><svg class="edges" viewBox="0 0 26 8" aria-hidden="true"><path class="crit" d="M0 4H26" /></svg>Critical path: {duration(path.seconds)}{running > 0 ? ' so far' : ''}</span>}
          {graph && graph.jobs.some((job) => job.needs) && <>
            <span><svg class="edges" viewBox="0 0 26 8" aria-hidden="true"><path d="M0 4H26" /></svg>needs, met</span>
            <span><svg class="edges" viewBox="0 0 26 8" aria-hidden="true"><path class="wait" d="M0 4H26" /></svg>needs, not met yet</span>
            <span><svg class="edges" viewBox="0 0 26 8" aria-hidden="true"><path class="bad" d="M0 4H26" /></svg>needs, failed</span></>}
        </div>
      )}
      <StageList project={project} stages={stages} actions={actions} />
    </>
  );
}

/** Bars over time: hatched while a job waited for a runner, filled while it ran. */
function Timeline({ project, pipeline, jobs }: { project: string; pipeline: Pipeline; jobs: readonly Job[] }) {
  const running = jobs.some((job) => job.status === 'running');
  const now = useNow(running);
  const started = jobs.filter((job) => job.started_at).sort((a, b) => Date.parse(a.started_at ?? '') - Date.parse(b.started_at ?? ''));
  if (started.length === 0) return <section class="panel"><Empty>No job has started yet.</Empty></section>;
  const from = Date.parse(pipeline.created_at);
  const to = Math.max(...started.map((job) => (job.finished_at ? Date.parse(job.finished_at) : now)), from + 1);
  const x = (at: number): number => ((at - from) / (to - from)) * 1000;
  return (
    <section class="panel timeline" aria-label="Jobs over time">
      {started.map((job) => {
        const start = Date.parse(job.started_at as string);
        const end = job.finished_at ? Date.parse(job.finished_at) : now;
        const queued = start - (job.queued_duration ?? 0) * 1000;
        return (
          <div key={job.id} class={`tl st-${jobLook(job)}`}>
            <a class="clip" href={jobHref(project, job)}><bdi>{job.name}</bdi></a>
            <svg viewBox="0 0 1000 14" preserveAspectRatio="none" role="img" aria-label={`${job.name}: began ${duration((start - from) / 1000)} after the pipeline, took ${duration((end - start) / 1000)}`}>
              <rect class="queue" x={x(queued)} y="5" width={Math.max(0, x(start) - x(queued))} height="4" />
              <rect x={x(start)} y="1" width={Math.max(2, x(end) - x(start))} height="12" rx="2" />
            </svg>
            <span class="r num xs muted">{duration((end - start) / 1000)}</span>
          </div>
        );
      })}
    </section>
  );
}

function Tests({ project, id }: { project: string; id: number }) {
  const report = useLoad(`tests ${project} ${id}`, () => get<TestReport>(`${projectPath(project)}/pipelines/${id}/test_report`));
  if (!report.data) {
    return <section class="panel">{report.error ? <Failure what="The test report could not be read." error={report.error} retry={report.reload} /> : <Bars rows={4} height={44} />}</section>;
  }
  const { data } = report;
  if (data.total_count === 0) return <section class="panel"><Empty>No job of this pipeline sent a test report. Name its file in <code>artifacts:reports:junit</code>.</Empty></section>;
  const urgent = (status: string): number => (status === 'failed' || status === 'error' ? 0 : status === 'skipped' ? 2 : 1);
  return (
    <section class="panel" aria-label="Tests">
      <header><h2>{many(data.total_count, 'test')}</h2><span class="xs muted num">{data.success_count} passed, {data.failed_count + data.error_count} failed, {data.skipped_count} skipped</span></header>
      {data.test_suites.map((suite) => (
        <div key={suite.name}>
          <h3 class="row"><bdi>{suite.name}</bdi><span class="xs muted">{many(suite.total_count, 'test')}</span></h3>
          {[...suite.test_cases].sort((a, b) => urgent(a.status) - urgent(b.status)).slice(0, 500).map((test, i) => {
            const look = test.status === 'error' ? 'failed' : test.status;
            return (
              <details class="case" key={`${test.name} ${i}`} open={look === 'failed' && i < 3}>
                <summary><StatusIcon look={look} /><bdi class="grow clip">{test.name}</bdi><span class="xs muted num">{duration(test.execution_time)}</span></summary>
                {(test.system_output || test.stack_trace) && <pre class="code" tabIndex={0}>{test.system_output}{test.stack_trace}</pre>}
              </details>
            );
          })}
          {suite.test_cases.length > 500 && <p class="row xs muted">The first 500 are shown.</p>}
        </div>
      ))}
    </section>
  );
}

function Variables({ project, id }: { project: string; id: number }) {
  const found = useLoad(`variables ${project} ${id}`, () => get<Variable[]>(`${projectPath(project)}/pipelines/${id}/variables`));
  return (
    <section class="panel" aria-label="Variables">
      {found.data && found.data.length > 0 && (
        <table>
          <thead><tr><th>Variable</th><th>Value</th></tr></thead>
          <tbody>{found.data.map((each) => <tr key={each.key}><td class="mono b"><bdi>{each.key}</bdi></td><td class="mono anywhere">{each.value}</td></tr>)}</tbody>
        </table>
      )}
      {found.data?.length === 0 && <Empty>This pipeline was started without variables of its own.</Empty>}
      {!found.data && (found.error ? <Failure what="Only who may run pipelines here sees their variables." error={found.error} retry={found.reload} /> : <Bars rows={3} height={40} />)}
    </section>
  );
}

/** Says once in a while what became of a job, to those who hear the page. */
function useAnnounce(jobs: readonly Job[] | undefined): string {
  const [said, setSaid] = useState({ text: '', at: 0 });
  const [before, setBefore] = useState<ReadonlyMap<number, string>>(new Map());
  useEffect(() => {
    if (!jobs) return;
    const changed = jobs.find((job) => before.has(job.id) && before.get(job.id) !== job.status && (job.status === 'failed' || job.status === 'success'));
    setBefore(new Map(jobs.map((job) => [job.id, job.status])));
    if (changed && Date.now() - said.at > 10_000) setSaid({ text: `${changed.name} ${word(changed.status).toLowerCase()}`, at: Date.now() });
  }, [jobs]);
  return said.text;
}

export function PipelinePage({ project, id, view }: { project: string; id: number; view: string }) {
  useAddress();
  const about = useProject(project);
  const loaded = useLoad(`pipeline ${project} ${id}`, () => fetchDetail(project, id));
  const graph = useLoad(`graph ${project} ${id}`, () => fetchGraph(project, id));
  const { reload } = loaded;
  const { reload: reloadGraph } = graph;
  useLive(about.data?.id, id, useCallback((change: Change) => {
    reload();
    if (change.kind === 'resync') reloadGraph();
  }, [reload, reloadGraph]));
  const actions = useActions(reload);
  const { data, error } = loaded;
  const stages = useMemo(() => stagesOf(data?.jobs ?? []), [data]);
  const failed = data?.jobs.filter((job) => job.status === 'failed' && !job.allow_failure).length ?? 0;
  const name = project.split('/').pop();
  useTitle(data ? `${word(data.pipeline.status)}${failed ? `, ${failed} failed` : ''}: #${id} ${name}` : `#${id} ${name}`, data?.pipeline.status ?? null);
  const said = useAnnounce(data?.jobs);
  const gone = error?.status === 404 && data !== undefined;
  if (error?.status === 404 && !data) return <NotFound route={null} />;
  const jobActions: JobActions = {
    asked: actions.asked,
    retry: (job) => void actions.run(`Retry of ${job.name}`, job.id, () => post(`${projectPath(project)}/jobs/${job.id}/retry`)),
    play: (job) => void actions.run(`${job.name}`, job.id, () => post(`${projectPath(project)}/jobs/${job.id}/play`)),
  };
  const shown = (VIEWS as readonly string[]).includes(view) ? view : '';
  const tab = (key: string, title: string, n?: number) => (
    <a href={link(project, 'pipelines', id, key)} aria-current={shown === key ? 'page' : undefined}>{title}{n !== undefined && <span class="n">{n}</span>}</a>
  );
  return (
    <Frame route={{ page: 'pipeline', project, id, view }} place={`#${id}`}>
      <main id="main" class={gone ? 'gone' : ''}>
        <p class="vh" aria-live="polite">{said}</p>
        {gone && <p class="note st-canceled" role="status"><Icon name="st-canceled" />This pipeline was deleted.</p>}
        {!data && (error
          ? <section class="panel"><Failure what="The pipeline could not be read." error={error} retry={reload} /></section>
          : <><div class="head"><h1>#{id}</h1></div><section class="panel"><Bars rows={6} height={60} /></section></>)}
        {data && <>
          <Head project={project} detail={data} actions={actions} />
          {actions.refused && <p class="help err refused" role="alert"><Icon name="st-failed" small />{actions.refused}</p>}
          <FailureNote project={project} detail={data} />
          <nav class="sub" aria-label="Views of this pipeline">
            {tab('', 'Jobs', data.jobs.length)}{tab('tests', 'Tests')}{tab('timeline', 'Timeline')}{tab('variables', 'Variables')}
          </nav>
          {shown === '' && (data.jobs.length > 0
            ? <JobsView project={project} stages={stages} graph={graph.data ?? null} actions={jobActions} />
            : <section class="panel"><Empty action={<a class="btn" href={link(project, 'run')}>Run again</a>}>This pipeline has no jobs.</Empty></section>)}
          {shown === 'tests' && <Tests project={project} id={id} />}
          {shown === 'timeline' && <Timeline project={project} pipeline={data.pipeline} jobs={data.jobs} />}
          {shown === 'variables' && <Variables project={project} id={id} />}
        </>}
      </main>
    </Frame>
  );
}
