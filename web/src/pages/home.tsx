/** Home: the projects, each with what its last pipelines came to. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import { list } from '../api/client';
import { useLive } from '../api/live';
import type { PipelineRow, Project } from '../api/types';
import { useLoad } from '../lib/load';
import { fetchRows } from '../lib/project';
import { link } from '../lib/router';
import { word } from '../lib/status';
import { useTitle } from '../lib/title';
import { Frame } from '../ui/frame';
import { Bars, Empty, Failure, Status, StatusIcon, When } from '../ui/parts';

const PROJECTS_MOST = 50;

function ProjectRow({ project, version }: { project: Project; version: number }) {
  const path = project.path_with_namespace;
  const rows = useLoad(`last ${path}`, () => fetchRows(path, { per_page: 10 }));
  const { reload } = rows;
  useEffect(() => {
    if (version > 0) reload();
  }, [version, reload]);
  const items: PipelineRow[] = rows.data?.items ?? [];
  const last = items[0];
  return (
    <tr>
      <td><a class="b" href={link(path, 'pipelines')}><bdi>{project.name_with_namespace}</bdi></a>
        {project.description && <div class="xs muted clip"><bdi>{project.description}</bdi></div>}</td>
      <td>{last ? <a href={link(path, 'pipelines', last.id)}><Status look={last.status} /></a> : rows.data && <span class="muted">No pipeline yet</span>}
        {last && <div class="xs muted nowrap">#{last.id}{last.name && <>, <bdi class="mono">{last.name}</bdi></>}</div>}</td>
      <td class="full"><span class="stages">{[...items].reverse().map((row) => (
        <a key={row.id} href={link(path, 'pipelines', row.id)} title={`#${row.id} ${word(row.status).toLowerCase()}`} class="lastrun"><StatusIcon look={row.status} label={`#${row.id} ${word(row.status).toLowerCase()}`} /></a>
      ))}</span></td>
      <td class="r xs muted nowrap when">{last && <When at={last.created_at} />}</td>
    </tr>
  );
}

export function Home() {
  const loaded = useLoad('projects', () => list<Project>('/projects', { per_page: PROJECTS_MOST, order_by: 'last_activity_at' }));
  const [version, setVersion] = useState(0);
  useLive(null, null, useCallback(() => setVersion((n) => n + 1), []));
  useTitle('Penstock');
  const { data, error, reload } = loaded;
  return (
    <Frame route={{ page: 'home' }}>
      <main id="main">
        <div class="head"><h1>Projects</h1></div>
        <section class="panel" aria-label="Projects">
          {data && data.items.length > 0 && (
            <table class="fold">
              <thead><tr><th>Project</th><th>Last pipeline</th><th>Last 10 pipelines</th><th class="r w110">Started</th></tr></thead>
              <tbody>{data.items.map((project) => <ProjectRow key={project.id} project={project} version={version} />)}</tbody>
            </table>
          )}
          {data?.items.length === 0 && <Empty>No project that you may see. Make one with the API, then push a repository to it.</Empty>}
          {!data && (error ? <Failure what="The projects could not be read." error={error} retry={reload} /> : <Bars rows={4} height={56} />)}
        </section>
        {data && data.total !== null && data.total > PROJECTS_MOST && <p class="xs muted">The {PROJECTS_MOST} used last are shown; Ctrl K finds the others.</p>}
      </main>
    </Frame>
  );
}
