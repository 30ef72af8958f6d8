/** One field for going and doing: what the page knows at once, the server after 80 ms. */
import { useEffect, useState } from 'preact/hooks';
import { get, list, projectPath } from '../api/client';
import type { Pipeline, PipelineRow, Project } from '../api/types';
import { switchTheme } from '../lib/prefs';
import { link, navigate } from '../lib/router';
import { word } from '../lib/status';
import { Dialog, Icon } from './parts';

interface Hit {
  id: string;
  icon: string;
  name: string;
  about: string;
  run: () => void;
}

const go = (id: string, icon: string, name: string, about: string, href: string): Hit =>
  ({ id, icon, name, about, run: () => navigate(href) });

function known(project: string | null): Hit[] {
  const hits = [go('home', 'home', 'Home', 'page', '/')];
  if (project) {
    hits.push(go('pipelines', 'pipe', 'Pipelines', project, link(project, 'pipelines')),
      go('run', 'play', 'Run a pipeline', project, link(project, 'run')));
  }
  hits.push({ id: 'theme', icon: 'theme', name: 'Switch between light and dark', about: 'theme', run: switchTheme });
  return hits;
}

const pipelineHit = (project: string, row: PipelineRow): Hit =>
  go(`p${row.id}`, `st-${row.status}`, `#${row.id} ${row.name ?? row.ref}`, word(row.status), link(project, 'pipelines', row.id));

async function ask(query: string, project: string | null): Promise<Hit[]> {
  const number = /^#?(\d{1,15})$/.exec(query)?.[1];
  const none = () => [] as Hit[];
  const parts: Promise<Hit[]>[] = [
    list<Project>('/projects', { search: query, per_page: 6, simple: true }).then(
      ({ items }) => items.map((each) => go(`r${each.id}`, 'pipe', each.path_with_namespace, 'project', link(each.path_with_namespace, 'pipelines'))), none),
  ];
  if (project && number) {
    parts.unshift(get<Pipeline>(`${projectPath(project)}/pipelines/${number}`).then((row) => [pipelineHit(project, row)], none));
  }
  if (project && /^[0-9a-f]{40}$/.test(query)) {
    parts.unshift(list<PipelineRow>(`${projectPath(project)}/pipelines`, { sha: query, per_page: 6 }).then(
      ({ items }) => items.map((row) => pipelineHit(project, row)), none));
  }
  return (await Promise.all(parts)).flat();
}

export function Find({ project, onClose }: { project: string | null; onClose: () => void }) {
  const [query, setQuery] = useState('');
  const [found, setFound] = useState<Hit[]>([]);
  const [at, setAt] = useState(0);
  useEffect(() => {
    if (query.trim() === '') {
      setFound([]);
      return;
    }
    let left = false;
    const timer = setTimeout(() => void ask(query.trim(), project).then((hits) => !left && setFound(hits)), 80);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [query, project]);
  const words = query.trim().toLowerCase();
  const hits = [...known(project).filter((hit) => hit.name.toLowerCase().includes(words)), ...found];
  const chosen = Math.min(at, hits.length - 1);
  const take = (hit: Hit | undefined): void => {
    if (!hit) return;
    onClose();
    hit.run();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setAt(Math.min(chosen + 1, hits.length - 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(chosen - 1, 0));
    else if (event.key === 'Enter') take(hits[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Find or do anything" onClose={onClose}>
      <div class="finder" onKeyDown={onKey}>
        <label class="input"><Icon name="search" small /><span class="vh">Find or do anything</span>
          <input autofocus role="combobox" aria-expanded="true" aria-controls="find-hits" aria-activedescendant={hits[chosen] && `hit-${hits[chosen].id}`}
            placeholder="A project, a pipeline's number, a page" value={query} onInput={(event) => {
              setQuery(event.currentTarget.value);
              setAt(0);
            }} />
        </label>
        <ul id="find-hits" role="listbox" aria-label="Found">
          {hits.map((hit, i) => (
            <li key={hit.id} id={`hit-${hit.id}`} role="option" aria-selected={i === chosen} onClick={() => take(hit)} onPointerMove={() => setAt(i)}>
              <Icon name={hit.icon} small /><span class="grow clip"><bdi>{hit.name}</bdi></span><span class="xs muted clip">{hit.about}</span>
            </li>
          ))}
          {hits.length === 0 && <li class="muted">Nothing found.</li>}
        </ul>
      </div>
    </Dialog>
  );
}
