/** The list of a project's pipelines: filters in the address, rows that change in place. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { useLive } from '../api/live';
import type { List } from '../api/client';
import type { PipelineRow } from '../api/types';
import { useKeys } from '../lib/keys';
import { useLoad } from '../lib/load';
import { type Detail, fetchRows, pipelineLook, rowDetail, sourceIcon, sourceWords, stageLook, stagesOf, titleOf, useProject } from '../lib/project';
import { link, navigate, setParams, useAddress } from '../lib/router';
import { isAtWork, word } from '../lib/status';
import { useTitle } from '../lib/title';
import { many } from '../lib/words';
import { Frame } from '../ui/frame';
import { Bars, Button, Empty, Failure, Icon, Status, StatusIcon, Took, When } from '../ui/parts';
import { NotFound } from './notfound';

const STATUSES = ['running', 'pending', 'success', 'failed', 'canceled', 'skipped', 'manual', 'scheduled', 'created'] as const;
const SOURCES = ['push', 'web', 'schedule', 'trigger', 'api', 'pipeline', 'parent_pipeline'] as const;
const FILTERS = ['status', 'ref', 'name', 'source', 'username'] as const;
const PER_PAGE = 20;

/** Details of the rows, some at a time, the first rows first. */
function useDetails(project: string, rows: readonly PipelineRow[] | undefined): ReadonlyMap<number, Detail> {
  const [known, setKnown] = useState<ReadonlyMap<number, Detail>>(new Map());
  useEffect(() => {
    if (!rows) return;
    let left = false;
    const waiting = [...rows];
    const work = async (): Promise<void> => {
      for (let row = waiting.shift(); row && !left; row = waiting.shift()) {
        const { id } = row;
        const detail = await rowDetail(project, row).catch(() => null);
        if (detail && !left) setKnown((was) => new Map(was).set(id, detail));
      }
    };
    for (let i = 0; i < 4; i++) void work();
    return () => {
      left = true;
    };
  }, [project, rows]);
  return known;
}

function Choice({ name, label, any, values, words }: { name: string; label: string; any: string; values: readonly string[]; words: (value: string) => string }) {
  const value = useAddress().params.get(name) ?? '';
  return (
    <label class={`btn choice${value ? ' chosen' : ''}`}>{label}
      <select value={value} onChange={(event) => setParams({ [name]: event.currentTarget.value, page: null })}>
        <option value="">{any}</option>
        {values.map((each) => <option key={each} value={each}>{words(each)}</option>)}
      </select>
    </label>
  );
}

function TextFilter({ name, label, placeholder, wide }: { name: string; label: string; placeholder: string; wide?: boolean }) {
  const value = useAddress().params.get(name) ?? '';
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  return (
    <label class={`input${wide ? '' : ' narrow'}`}>
      <Icon name={wide ? 'search' : name === 'ref' ? 'branch' : 'user'} small /><span class="vh">{label}</span>
      <input id={wide ? 'filter' : undefined} placeholder={placeholder} defaultValue={value} key={value === '' ? 'empty' : 'set'} onInput={(event) => {
        const text = event.currentTarget.value.trim();
        clearTimeout(timer.current);
        timer.current = setTimeout(() => setParams({ [name]: text, page: null }), 250);
      }} onKeyDown={(event) => {
        const number = /^#?(\d+)$/.exec(event.currentTarget.value.trim())?.[1];
        if (event.key === 'Enter' && wide && number) navigate(`${location.pathname.replace(/\/+$/, '')}/${number}`);
      }} />
      {wide && <kbd class="d-only">/</kbd>}
    </label>
  );
}

function Filters({ total }: { total: number | null }) {
  return (
    <div class="filters" role="search">
      <TextFilter name="name" label="Filter by type or number" placeholder="Type, number" wide />
      <Choice name="status" label="Status" any="any" values={STATUSES} words={(each) => word(each as PipelineRow['status'])} />
      <TextFilter name="ref" label="Branch or tag" placeholder="Any branch" />
      <Choice name="source" label="Source" any="any" values={SOURCES} words={sourceWords} />
      <TextFilter name="username" label="Started by (user)" placeholder="Anyone" />
      <span class="grow" />
      {total !== null && <span class="xs muted nowrap d-only num">{many(total, 'pipeline')}</span>}
    </div>
  );
}

function Row({ project, row, detail, chosen }: { project: string; row: PipelineRow; detail: Detail | undefined; chosen: boolean }) {
  const stages = detail ? stagesOf(detail.jobs) : [];
  const failed = detail?.jobs.filter((job) => job.status === 'failed' && !job.allow_failure).length ?? 0;
  const warned = detail?.jobs.filter((job) => job.status === 'failed' && job.allow_failure).length ?? 0;
  const look = pipelineLook(row, warned > 0);
  const href = link(project, 'pipelines', row.id);
  return (
    <tr class={chosen ? 'chosen' : ''}>
      <td>
        <Status look={look}>{look === 'warning' ? `Passed, ${many(warned, 'warning')}` : undefined}</Status>
        {failed > 0 && row.status !== 'failed' && <div class="xs b also red">{failed} failed</div>}
      </td>
      <td class="full">
        <a class="b" href={href}><bdi>{titleOf(row, detail)}</bdi></a>
        <div class="flex xs muted under"><span class="num">#{row.id}</span>
          {row.name && <span class="chip mono"><Icon name="file" /><bdi class="clip">{row.name}</bdi></span>}
          <span class="flex tight d-only"><Icon name="branch" small /><bdi class="clip">{row.ref}</bdi></span>
          <span class="mono d-only">{row.sha.slice(0, 8)}</span>
        </div>
      </td>
      <td class="xs muted mid by"><span class="flex tight"><Icon name={sourceIcon(row.source)} small />
        <span class="clip"><bdi>{row.source === 'schedule' ? 'Schedule' : detail?.pipeline.user?.name ?? sourceWords(row.source)}</bdi></span></span></td>
      <td>
        <span class="stages">{stages.map((stage) => {
          const said = `${stage.name}: ${word(stageLook(stage)).toLowerCase()}`;
          return <span key={stage.name} title={said}><StatusIcon look={stageLook(stage)} label={said} /></span>;
        })}</span>
      </td>
      <td class="r num nowrap hide">
        {detail && <Took from={detail.pipeline.started_at} to={isAtWork(row.status) ? null : detail.pipeline.finished_at} seconds={detail.pipeline.duration} />}
      </td>
      <td class="r xs muted nowrap when"><When at={row.created_at} /></td>
    </tr>
  );
}

/** The rows that are shown: new ones wait behind a bar unless the reader is at the top and points elsewhere. */
function useShown(key: string, data: List<PipelineRow> | undefined, firstPage: boolean) {
  const [shown, setShown] = useState<{ key: string; rows: PipelineRow[] } | null>(null);
  const pointed = useRef(false);
  useEffect(() => {
    if (!data) return;
    setShown((was) => {
      if (!was || was.key !== key || !firstPage || (scrollY < 40 && !pointed.current)) return { key, rows: data.items };
      const fresh = new Map(data.items.map((row) => [row.id, row]));
      return { key, rows: was.rows.map((row) => fresh.get(row.id) ?? row) };
    });
  }, [data, key, firstPage]);
  const rows = shown?.key === key ? shown.rows : undefined;
  const waiting = rows && data && firstPage ? data.items.filter((row) => row.id > (rows[0]?.id ?? 0)).length : 0;
  return { rows, waiting, pointed, take: () => data && setShown({ key, rows: data.items }) };
}

export function PipelinesPage({ project }: { project: string }) {
  const { params } = useAddress();
  const about = useProject(project);
  const asked: Record<string, string | number> = { per_page: PER_PAGE, page: params.get('page') ?? 1 };
  for (const name of FILTERS) {
    const value = params.get(name);
    if (value) asked[name] = value;
  }
  const filtered = FILTERS.some((name) => params.has(name));
  const key = `rows ${project} ${JSON.stringify(asked)}`;
  const loaded = useLoad(key, () => fetchRows(project, asked));
  const { rows, waiting, pointed, take } = useShown(key, loaded.data, Number(asked['page']) === 1);
  const details = useDetails(project, rows);
  const [at, setAt] = useState(-1);
  const { reload } = loaded;
  useLive(about.data?.id, null, useCallback(() => reload(), [reload]));
  const running = rows?.filter((row) => row.status === 'running').length ?? 0;
  const failed = rows?.filter((row) => row.status === 'failed').length ?? 0;
  const name = project.split('/').pop() ?? project;
  useTitle(running ? `${running} running${failed ? `, ${failed} failed` : ''}: ${name}` : `Pipelines: ${name}`, running ? 'running' : null);
  const step = (by: number) => () => setAt(Math.max(0, Math.min((rows?.length ?? 0) - 1, at + by)));
  useKeys({
    J: step(1), ArrowDown: step(1), K: step(-1), ArrowUp: step(-1),
    '/': () => document.getElementById('filter')?.focus(),
    Enter: () => {
      const row = rows?.[at];
      if (row) navigate(link(project, 'pipelines', row.id));
    },
  });
  if (about.error?.status === 404) return <NotFound route={null} />;
  const page = Number(asked['page']);
  return (
    <Frame route={{ page: 'pipelines', project, id: null, view: '' }}>
      <main id="main">
        <div class="head"><div><h1>Pipelines</h1></div></div>
        <Filters total={loaded.data?.total ?? null} />
        <section class="panel" aria-label="Pipelines" onPointerEnter={() => (pointed.current = true)} onPointerLeave={() => (pointed.current = false)}>
          {waiting > 0 && <button type="button" class="fresh" onClick={take}><Icon name="up" small />{many(waiting, 'new pipeline')}</button>}
          {rows && rows.length > 0 && (
            <table class="fold plist">
              <thead><tr><th class="w150">Status</th><th>Pipeline</th><th class="mid w170">Started by</th><th class="w150">Stages</th><th class="r w90">Time</th><th class="r w110">Started</th></tr></thead>
              <tbody>{rows.map((row, i) => <Row key={row.id} project={project} row={row} detail={details.get(row.id)} chosen={i === at} />)}</tbody>
            </table>
          )}
          {rows?.length === 0 && (filtered
            ? <Empty action={<Button onClick={() => navigate(location.pathname)}>Clear filters</Button>}>No pipeline matches.</Empty>
            : <Empty action={<><a class="btn" href={link(project, 'run')}><Icon name="play" small />Run pipeline</a>
              {about.data && <code class="code">git push {about.data.http_url_to_repo} main</code>}</>}>No pipeline yet. Run one, or push a commit.</Empty>)}
          {!rows && (loaded.error ? <Failure what="The pipelines could not be read." error={loaded.error} retry={reload} /> : <Bars rows={8} height={58} />)}
        </section>
        {rows && loaded.error && <p class="help err" role="alert">Not renewed: {loaded.error.message}</p>}
        {(page > 1 || loaded.data?.nextPage) && (
          <nav class="pages" aria-label="Pages">
            {page > 1 && <Button onClick={() => setParams({ page: page > 2 ? String(page - 1) : null })}>Newer</Button>}
            {loaded.data?.nextPage && <Button onClick={() => setParams({ page: String(page + 1) })}>Older</Button>}
          </nav>
        )}
      </main>
    </Frame>
  );
}
