/** Addresses of pages, and going from one to the other without a load. */
import { useEffect, useState } from 'preact/hooks';

export type Page = 'pipelines' | 'pipeline' | 'job' | 'schedules' | 'run' | 'editor' | 'trends' | 'settings';

export type Route =
  | { page: 'home' }
  | { page: 'sign_in' }
  | { page: Page; project: string; id: number | null; view: string };

const PLACES: Record<string, { list: Page; one: Page }> = {
  pipelines: { list: 'pipelines', one: 'pipeline' },
  jobs: { list: 'pipelines', one: 'job' },
  schedules: { list: 'schedules', one: 'schedules' },
  run: { list: 'run', one: 'run' },
  editor: { list: 'editor', one: 'editor' },
  trends: { list: 'trends', one: 'trends' },
  settings: { list: 'settings', one: 'settings' },
};

/** The page that stands at @path; null: none does. */
export function parsePath(path: string): Route | null {
  if (path === '/') return { page: 'home' };
  if (path === '/-/sign_in') return { page: 'sign_in' };
  const [place = '', rest] = path.replace(/^\/|\/$/g, '').split('/-/');
  const project = decodeURIComponent(place);
  if (!project || project.startsWith('-')) return null;
  if (rest === undefined) return { page: 'pipelines', project, id: null, view: '' };
  const [name = '', second = '', third = ''] = rest.split('/');
  const known = Object.hasOwn(PLACES, name) ? PLACES[name] : undefined;
  if (!known) return null;
  const numbered = /^\d{1,15}$/.test(second);
  return {
    page: numbered ? known.one : known.list,
    project,
    id: numbered ? Number(second) : null,
    view: numbered ? third : second,
  };
}

const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** The address of a page of a project. */
export const link = (project: string, place: string, id?: number | string, view?: string): string =>
  `/${encodePath(project)}/-/${place}${id === undefined ? '' : `/${id}`}${view ? `/${view}` : ''}`;

const listeners = new Set<() => void>();

const changed = (): void => {
  for (const listener of listeners) listener();
};

export function navigate(href: string, replace = false): void {
  const before = location.pathname;
  history[replace ? 'replaceState' : 'pushState'](null, '', href);
  if (location.pathname !== before) scrollTo(0, 0);
  changed();
}

/** Sets parameters of the address (null takes one away), without a new entry in the history. */
export function setParams(values: Record<string, string | null>): void {
  const params = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === '') params.delete(name);
    else params.set(name, value);
  }
  const text = params.toString();
  navigate(location.pathname + (text ? `?${text}` : '') + location.hash, true);
}

export const onNavigate = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** The address, renewed when it changes. */
export function useAddress(): { path: string; params: URLSearchParams; hash: string } {
  const read = () => ({
    path: location.pathname,
    params: new URLSearchParams(location.search),
    hash: location.hash,
  });
  const [address, setAddress] = useState(read);
  useEffect(() => onNavigate(() => setAddress(read())), []);
  return address;
}

function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
    return;
  }
  const anchor = (event.target as Element).closest?.('a[href]');
  if (!(anchor instanceof HTMLAnchorElement) || anchor.target || anchor.hasAttribute('download')) return;
  const url = new URL(anchor.href);
  if (url.origin !== location.origin || url.pathname.startsWith('/api/')) return;
  if (url.pathname === location.pathname && url.search === location.search && url.hash) return; // within the page
  event.preventDefault();
  navigate(url.pathname + url.search + url.hash);
}

export function startRouter(): void {
  addEventListener('popstate', changed);
  addEventListener('hashchange', changed);
  document.addEventListener('click', onClick);
}
