/** One job: what ended it, its log, and the other jobs of its pipeline. */
import { useCallback } from 'preact/hooks';
import { all, download, get, post, projectPath } from '../api/client';
import { useLive } from '../api/live';
import type { Job } from '../api/types';
import { useKeys } from '../lib/keys';
import { useLoad } from '../lib/load';
import { fetchDetail, stageIcon, stagesOf, useProject } from '../lib/project';
import { link, navigate } from '../lib/router';
import { isCancelable, isEnded, jobLook, reasonWords, word } from '../lib/status';
import { useTitle } from '../lib/title';
import { duration, size } from '../lib/words';
import { LogViewer } from '../log/viewer';
import { Frame } from '../ui/frame';
import { Bars, Button, Empty, Failure, Icon, Pill, StatusIcon, Took, When } from '../ui/parts';
import { NotFound } from './notfound';
import { useActions } from './pipeline';

function Side({ project, job }: { project: string; job: Job }) {
  const { id } = job.pipeline;
  const detail = useLoad(`pipeline ${project} ${id}`, () => fetchDetail(project, id));
  const { reload } = detail;
  const about = useProject(project);
  useLive(about.data?.id, id, useCallback(() => reload(), [reload]));
  const stages = stagesOf(detail.data?.jobs ?? []);
  const jobs = stages.flatMap((stage) => stage.jobs);
  const step = (by: number) => (): void => {
    const next = jobs[jobs.findIndex((each) => each.id === job.id) + by];
    if (next) navigate(link(project, 'jobs', next.id));
  };
  useKeys({ '[': step(-1), ']': step(1) });
  const pipeline = detail.data?.pipeline ?? job.pipeline;
  return (
    <nav class="side" aria-label={`Jobs of pipeline #${id}`}>
      <a href={link(project, 'pipelines', id)} class="side-head"><StatusIcon look={pipeline.status} /><span class="clip b">#{id} <bdi>{pipeline.name ?? pipeline.ref}</bdi></span></a>
      {stages.map((stage) => (
        <div key={stage.name}>
          <h3><Icon name={stageIcon(stage.name)} /><bdi class="clip">{stage.name}</bdi></h3>
          {stage.jobs.map((each) => (
            <a key={each.id} href={link(project, 'jobs', each.id)} aria-current={each.id === job.id ? 'page' : undefined}>
              <StatusIcon look={jobLook(each)} /><bdi class="clip">{each.name}</bdi>
              <span class="num">{each.status === 'manual' ? 'Run' : each.started_at && each.duration !== null ? duration(each.duration) : ''}</span>
            </a>
          ))}
        </div>
      ))}
    </nav>
  );
}

/** What ended the job; or, before it began, why it waits. */
function Note({ job }: { job: Job }) {
  if (job.status === 'failed') {
    return (
      <div class={`note st-${jobLook(job)}`} role="status"><Icon name={`st-${jobLook(job)}`} />
        <p><b>{reasonWords(job.failure_reason ?? 'script_failure')}.</b>{job.failure_message ? ` ${job.failure_message}` : ''}
          {job.allow_failure && <span class="muted"> It may fail: the pipeline went on.</span>}</p></div>
    );
  }
  const tags = job.tag_list ?? [];
  const why: Partial<Record<Job['status'], string>> = {
    pending: tags.length > 0 ? `Waits for a runner with the ${tags.length === 1 ? 'tag' : 'tags'} ${tags.join(', ')}.` : 'Waits for a runner that takes jobs without tags.',
    created: 'Waits for the jobs that come before it.',
    manual: 'Waits for a person: Run starts it.',
    scheduled: 'Waits until its time has come.',
    waiting_for_resource: 'Waits until the resource that it shares with other jobs is free.',
    skipped: 'It did not run: a job that it follows did not pass.',
  };
  const text = why[job.status];
  return text ? <div class={`note st-${job.status}`} role="status"><Icon name={`st-${job.status}`} /><p>{text}</p></div> : null;
}

function Artifacts({ project, job }: { project: string; job: Job }) {
  const files = (job.artifacts ?? []).filter((each) => each.file_type !== 'trace');
  if (files.length === 0) return <section class="panel"><Empty>This job kept no artifacts.</Empty></section>;
  return (
    <section class="panel" aria-label="Artifacts">
      {files.map((each) => (
        <div class="row" key={`${each.file_type} ${each.filename}`}>
          <Icon name="file" /><span class="bigrow"><span class="b sm clip"><bdi>{each.filename}</bdi></span><span class="xs muted">{each.file_type}, {size(each.size)}</span></span>
          {each.file_type === 'archive' && <Button icon="dl" onClick={() => void download(`${projectPath(project)}/jobs/${job.id}/artifacts`, each.filename)}>Download</Button>}
        </div>
      ))}
    </section>
  );
}

function Attempts({ project, job }: { project: string; job: Job }) {
  const found = useLoad(`attempts ${project} ${job.pipeline.id} ${job.name}`, async () =>
    (await all<Job>(`${projectPath(project)}/pipelines/${job.pipeline.id}/jobs`, { include_retried: true })).filter((each) => each.name === job.name));
  if (!found.data) return <section class="panel">{found.error ? <Failure what="The attempts could not be read." error={found.error} retry={found.reload} /> : <Bars rows={2} height={44} />}</section>;
  return (
    <section class="panel" aria-label="Attempts">
      {[...found.data].sort((a, b) => b.id - a.id).map((each, i, list) => (
        <a class="row" key={each.id} href={link(project, 'jobs', each.id)} aria-current={each.id === job.id ? 'page' : undefined}>
          <StatusIcon look={jobLook(each)} />
          <span class="bigrow"><span class="b sm">Attempt {list.length - i} of {list.length}</span><span class="xs muted">Job {each.id}, {word(jobLook(each)).toLowerCase()}</span></span>
          <Took from={each.started_at} to={each.finished_at} seconds={each.duration} />
        </a>
      ))}
    </section>
  );
}

function Head({ project, job, actions }: { project: string; job: Job; actions: ReturnType<typeof useActions> }) {
  const base = `${projectPath(project)}/jobs/${job.id}`;
  const busy = actions.asked.has(job.id);
  const retry = (what: string, path: string) => (): void => {
    void actions.run(what, job.id, async () => {
      const fresh = await post<Job>(path);
      if (fresh.id !== job.id) navigate(link(project, 'jobs', fresh.id));
    });
  };
  return (
    <div class="head">
      <div class="grow">
        <div class="flex titles"><h1><bdi>{job.name}</bdi></h1><Pill look={busy ? 'pending' : jobLook(job)} /></div>
        <p class="meta"><span class="num">Job {job.id}</span>
          <span><Icon name={stageIcon(job.stage)} /><bdi>{job.stage}</bdi></span>
          {job.started_at && <span class="num"><Icon name="timer" /><bdi><Took from={job.started_at} to={job.finished_at} seconds={job.duration} />
            {job.queued_duration !== null && <>, queued {duration(job.queued_duration)}</>}</bdi></span>}
          {job.runner && <span><Icon name="runner" /><bdi>{job.runner.description ?? `runner ${job.runner.id}`}</bdi></span>}
          <span><Icon name="clock" /><When at={job.finished_at ?? job.started_at ?? job.created_at} /></span>
        </p>
      </div>
      <div class="acts">
        {job.status === 'manual' && <Button kind="primary" icon="play" busy={busy} onClick={() => void actions.run('Run', job.id, () => post(`${base}/play`))}>Run</Button>}
        {isEnded(job.status) && job.status !== 'skipped' && <>
          <Button kind={job.status === 'failed' ? 'primary' : ''} icon="retry" busy={busy} onClick={retry('Retry', `${base}/retry`)}>Retry</Button>
          <Button busy={busy} title="This job, and all that follows it" onClick={retry('Re-run', `${base}/retry?downstream=true`)}>Re-run from here</Button></>}
        {isCancelable(job.status) && job.status !== 'manual' && <Button icon="stop" busy={busy} onClick={() => void actions.run('Cancel', job.id, () => post(`${base}/cancel`))}>Cancel</Button>}
      </div>
    </div>
  );
}

export function JobPage({ project, id, view }: { project: string; id: number; view: string }) {
  const about = useProject(project);
  const loaded = useLoad(`job ${project} ${id}`, () => get<Job>(`${projectPath(project)}/jobs/${id}`));
  const { data: job, error, reload } = loaded;
  useLive(about.data?.id, job?.pipeline.id ?? null, useCallback(() => reload(), [reload]));
  const actions = useActions(reload);
  useTitle(job ? `${word(jobLook(job))}: ${job.name}, #${job.pipeline.id} ${project.split('/').pop()}` : `Job ${id}`, job ? jobLook(job) : null);
  if (error?.status === 404 && !job) return <NotFound route={null} />;
  const shown = view === 'artifacts' || view === 'attempts' ? view : '';
  const tab = (key: string, title: string, n?: number) => (
    <a href={link(project, 'jobs', id, key)} aria-current={shown === key ? 'page' : undefined}>{title}{n !== undefined && <span class="n">{n}</span>}</a>
  );
  const begun = job && (job.started_at !== null || job.erased_at !== null);
  return (
    <Frame full route={{ page: 'job', project, id, view }} place={job && <><a href={link(project, 'pipelines', job.pipeline.id)}>#{job.pipeline.id}</a><span class="d-only"> / <bdi>{job.name}</bdi></span></>}>
      <div class="job">
        {job ? <Side project={project} job={job} /> : <nav class="side" aria-label="Jobs" />}
        <main id="main" class="jobmain">
          {!job && (error ? <section class="panel"><Failure what="The job could not be read." error={error} retry={reload} /></section>
            : <><div class="head"><h1>Job {id}</h1></div><section class="panel"><Bars rows={10} height={20} /></section></>)}
          {job && <>
            <Head project={project} job={job} actions={actions} />
            {actions.refused && <p class="help err refused" role="alert"><Icon name="st-failed" small />{actions.refused}</p>}
            {error?.status === 404 && <p class="note st-canceled" role="status"><Icon name="st-canceled" />This job was deleted.</p>}
            <Note job={job} />
            <nav class="sub" aria-label="Views of this job">
              {tab('', 'Log')}{tab('artifacts', 'Artifacts', (job.artifacts ?? []).filter((each) => each.file_type !== 'trace').length)}{tab('attempts', 'Attempts')}
            </nav>
            {shown === '' && (begun ? <LogViewer project={project} job={job} /> : <section class="panel"><Empty>There is no log yet.</Empty></section>)}
            {shown === 'artifacts' && <Artifacts project={project} job={job} />}
            {shown === 'attempts' && <Attempts project={project} job={job} />}
          </>}
        </main>
      </div>
    </Frame>
  );
}
