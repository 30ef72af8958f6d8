/** The frame of every page: bar, tabs, and the field for going and doing. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useConnection } from '../api/live';
import { useKeys } from '../lib/keys';
import { switchTheme } from '../lib/prefs';
import { link, navigate, type Page, type Route } from '../lib/router';
import { clock, initials } from '../lib/words';
import { Find } from './find';
import { Button, Dialog, Icon } from './parts';
import { useSession } from './session';

interface Tab {
  page: Page;
  place: string;
  name: string;
  icon: string;
}

const TABS: readonly Tab[] = [
  { page: 'pipelines', place: 'pipelines', name: 'Pipelines', icon: 'pipe' },
];

const BELOW: Partial<Record<Page, Page>> = { pipeline: 'pipelines', job: 'pipelines' };

function Live() {
  const connection = useConnection();
  if (connection.state === 'offline') return <span class="live off">Offline since {clock(connection.since)}</span>;
  if (connection.state === 'reconnecting') return <span class="live wait">Reconnecting</span>;
  if (connection.state === 'asking') return <span class="live" title="This server has no event stream: the page asks every 3 s">Every 3 s</span>;
  return <span class="live" title="Changes arrive as they happen">Live</span>;
}

function Account() {
  const { user, signOut } = useSession();
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const close = (event: Event): void => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', close);
    return () => document.removeEventListener('pointerdown', close);
  }, [open]);
  return (
    <div class="menu" ref={root} onKeyDown={(event) => {
      if (event.key !== 'Escape') return;
      setOpen(false);
      root.current?.querySelector('button')?.focus();
    }}>
      <button type="button" class="avatar" aria-label={`${user.name}, account`} aria-expanded={open} onClick={() => setOpen(!open)}>
        {initials(user.name)}
      </button>
      {open && (
        <div class="pop">
          <p class="pop-note"><b><bdi>{user.name}</bdi></b><br /><span class="muted">@{user.username}</span></p>
          <button type="button" onClick={() => void signOut()}>Sign out</button>
        </div>
      )}
    </div>
  );
}

function Crumbs({ route, title }: { route: Route | null; title?: ComponentChildren }) {
  if (!route || !('project' in route)) return <span class="grow m-only" />;
  const parts = route.project.split('/');
  const name = parts.pop();
  return (
    <nav class="crumbs" aria-label="Where you are">
      <a class="home" href="/"><bdi>{parts.join(' / ')}</bdi></a><span class="sep home">/</span>
      <a href={link(route.project, 'pipelines')} class="clip"><b><bdi>{name}</bdi></b></a>
      {title && <><span class="sep">/</span><span class="clip">{title}</span></>}
    </nav>
  );
}

const KEYS: readonly [string, string][] = [
  ['Ctrl K', 'Find or do anything'], ['G H', 'Home'], ['G P', 'Pipelines'], ['R', 'Run a pipeline'],
  ['T', 'Light or dark'], ['J, K', 'Next and previous in a list'], ['/', 'Filter a list, search a log'], ['N', 'Next failed job'],
  ['C', 'Critical path'], ['+ - 0', 'Zoom'], ['E, Shift E', 'Next and previous error of a log'],
  ['W', 'Wrap lines'], ['M', 'Times of lines'], ['End', 'Follow the log'], ['O', 'Open or fold all'], ['[ ]', 'Previous and next job'],
];

function KeyList({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div class="form">
        <h2>Keys</h2>
        <dl class="keys">{KEYS.map(([key, what]) => <><dt><kbd>{key}</kbd></dt><dd>{what}</dd></>)}</dl>
        <Button onClick={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}

interface FrameProps {
  route: Route | null;
  /** What stands behind the project in the bar. */
  place?: ComponentChildren;
  full?: boolean;
  children: ComponentChildren;
}

/** The bar, the tabs and a page. */
export function Frame({ route, place, full, children }: FrameProps) {
  const [finding, setFinding] = useState(false);
  const [keys, setKeys] = useState(false);
  const project = route && 'project' in route ? route.project : null;
  const page = route && 'project' in route ? BELOW[route.page] ?? route.page : null;
  const go = (where: string) => () => project && navigate(link(project, where));
  useKeys({
    'Ctrl K': () => setFinding(true),
    T: switchTheme,
    'G H': () => navigate('/'),
    'G P': go('pipelines'),
    R: go('run'),
    '?': () => setKeys(true),
  });
  return (
    <div class={full ? 'full' : ''}>
      <a class="skip" href="#main">Skip to content</a>
      <header class="top">
        <div class="bar">
          <a class="brand" href="/" aria-label="Penstock, home"><svg viewBox="0 0 24 24" aria-hidden="true"><use href="#mark" /></svg><span>Penstock</span></a>
          <Crumbs route={route} title={place} />
          <span class="grow d-only" />
          <button type="button" class="find" aria-label="Find or do anything Ctrl K" onClick={() => setFinding(true)}>
            <Icon name="search" small /><span class="grow">Find or do anything</span>{' '}<kbd>Ctrl K</kbd>
          </button>
          <Live />
          {project && page !== 'run' && (
            <a class={`btn ${route && 'page' in route && route.page === 'pipelines' ? 'primary' : 'quiet'}`} href={link(project, 'run')}>
              <Icon name="play" small /><span class="d-only">Run pipeline</span><span class="m-only">Run</span>
            </a>
          )}
          <Button kind="ghost icon" icon="theme" label="Switch between light and dark" onClick={switchTheme} />
          <Account />
        </div>
        <nav class="tabs" aria-label="Sections">
          {project
            ? TABS.map((tab) => (
              <a key={tab.page} href={link(project, tab.place)} aria-current={page === tab.page ? 'page' : undefined}><Icon name={tab.icon} />{tab.name}</a>
            ))
            : <a href="/" aria-current={route?.page === 'home' ? 'page' : undefined}><Icon name="home" />Home</a>}
        </nav>
      </header>
      {children}
      {finding && <Find project={project} onClose={() => setFinding(false)} />}
      {keys && <KeyList onClose={() => setKeys(false)} />}
    </div>
  );
}
