/** The log: only rows in view and two screens around are in the document. */
import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { download, projectPath } from '../api/client';
import { readEvents } from '../api/sse';
import type { Job } from '../api/types';
import { useKeys } from '../lib/keys';
import { setPref, usePrefs } from '../lib/prefs';
import { navigate, setParams, useAddress } from '../lib/router';
import { isEnded } from '../lib/status';
import { clock, count, duration, many, size } from '../lib/words';
import { Button, Copy, Icon } from '../ui/parts';
import { type Piece, pieces } from './ansi';
import { LINE_H, LogModel, matcher, Rows } from './model';

/** Lines named by the address: `#L214`, `#L209-L215`; from 0. */
export function linesOf(hash: string): [number, number] | null {
  const found = /^#L(\d+)(?:-L(\d+))?$/.exec(hash);
  if (!found) return null;
  const first = Number(found[1]) - 1;
  return [first, found[2] ? Number(found[2]) - 1 : first];
}

interface Stream {
  model: LogModel;
  /** Grows with each piece that came. */
  version: number;
  ended: boolean;
  error: string | null;
}

/** The log of a job as it comes; a new model for each attempt. */
function useStream(project: string, job: number): Stream {
  const [state, setState] = useState<Stream>(() => ({ model: new LogModel(), version: 0, ended: false, error: null }));
  useEffect(() => {
    const model = new LogModel();
    const aborter = new AbortController();
    let frame = 0;
    let ended = false;
    let error: string | null = null;
    let version = 0;
    const show = (): void => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        setState({ model, version: ++version, ended, error });
      });
    };
    const read = async (): Promise<void> => {
      let lastId: string | null = null;
      for (let wait = 500; !aborter.signal.aborted && !ended; wait = Math.min(wait * 2, 5000)) {
        try {
          await readEvents(`${projectPath(project)}/jobs/${job}/trace/stream`, lastId, aborter.signal, () => {
            wait = 500;
            error = null;
          }, (event) => {
            lastId = event.id ?? lastId;
            const data = JSON.parse(event.data) as { text?: string; size?: number };
            if (event.event === 'log') model.append(data.text ?? '');
            model.bytes = event.event === 'end' ? data.size ?? model.bytes : Number(event.id ?? model.bytes);
            if (event.event === 'end') ended = true;
            show();
          });
        } catch (problem) {
          if (aborter.signal.aborted) return;
          error = problem instanceof Error ? problem.message : String(problem);
          show();
        }
        if (!ended) await new Promise((resolve) => setTimeout(resolve, wait));
      }
    };
    setState({ model, version: 0, ended: false, error: null });
    void read();
    return () => {
      aborter.abort();
      cancelAnimationFrame(frame);
    };
  }, [project, job]);
  return state;
}

/** The lines that hold @query; some at a time, so that nothing stalls. */
function useHits(model: LogModel, version: number, query: string): number[] {
  const [hits, setHits] = useState<number[]>([]);
  useEffect(() => {
    const pattern = query ? matcher(query) : null;
    if (!pattern) {
      setHits([]);
      return;
    }
    let stopped = false;
    const found: number[] = [];
    const scan = (from: number): void => {
      const until = performance.now() + 8;
      let line = from;
      for (; line < model.lines.length && performance.now() < until; line++) {
        pattern.lastIndex = 0;
        if (model.lines[line] != null && pattern.test(model.textOf(line))) found.push(line);
      }
      if (stopped) return;
      setHits([...found]);
      if (line < model.lines.length) setTimeout(() => !stopped && scan(line), 0);
    };
    scan(0);
    return () => {
      stopped = true;
    };
  }, [model, version, query]);
  return hits;
}

/** The pieces of a line with the hits of a search marked. */
function marked(found: readonly Piece[], pattern: RegExp | null) {
  return found.map((piece, i) => {
    const style = piece.colour ? { color: piece.colour } : undefined;
    const parts: preact.ComponentChild[] = [];
    let from = 0;
    if (pattern) {
      pattern.lastIndex = 0;
      for (let hit = pattern.exec(piece.text); hit && hit[0] !== ''; hit = pattern.exec(piece.text)) {
        parts.push(piece.text.slice(from, hit.index), <mark key={hit.index}>{hit[0]}</mark>);
        from = hit.index + hit[0].length;
      }
    }
    parts.push(piece.text.slice(from));
    return piece.class || style || parts.length > 1 ? <span key={i} class={piece.class || undefined} style={style}>{parts}</span> : piece.text;
  });
}

function stamp(model: LogModel, line: number): string {
  const at = model.times.get(line);
  if (at === undefined) return '';
  const first = model.times.values().next().value ?? at;
  return ((at - first) / 1000).toFixed(3);
}

interface LineProps {
  model: LogModel;
  line: number;
  timed: boolean;
  named: boolean;
  isError: boolean;
  isHit: boolean;
  pattern: RegExp | null;
}

function Line({ model, line, timed, named, isError, isHit, pattern }: LineProps) {
  const number = line + 1;
  const classes = ['ln', timed && 'timed', named && 'at', isError && 'err', isHit && 'hit'];
  return (
    <div class={classes.filter(Boolean).join(' ')}>
      <a href={`#L${number}`} data-n={number} aria-label={`Line ${number}`} onClick={(event) => {
        event.preventDefault();
        const before = linesOf(location.hash);
        const ends = event.shiftKey && before ? [Math.min(before[0], line), Math.max(before[1], line)] : [line, line];
        navigate(`${location.pathname}${location.search}#L${(ends[0] as number) + 1}${ends[0] === ends[1] ? '' : `-L${(ends[1] as number) + 1}`}`, true);
      }} />
      {timed && <time data-t={stamp(model, line)} />}
      <span dir="auto">{marked(pieces(model.lines[line] ?? '', model.stateAt(line)), pattern)}</span>
    </div>
  );
}

function SectionHead({ model, index, open, onToggle }: { model: LogModel; index: number; open: boolean; onToggle: () => void }) {
  const section = model.sections[index];
  if (!section) return null;
  const last = section.last < 0 ? model.lines.length - 1 : section.last;
  const took = section.startedAt !== null && section.endedAt !== null ? duration(section.endedAt - section.startedAt) : 'running';
  return (
    <button type="button" class={`sec${section.depth ? ' in' : ''}`} aria-expanded={open} onClick={onToggle}>
      <Icon name={open ? 'down' : 'right'} /><bdi class="clip">{section.title}</bdi>
      <span class="c nowrap">lines {section.first + 1} to {last + 1}</span><span class="d">{took}</span>
    </button>
  );
}

/** How many characters of the log's face fit into a row. */
function useColumns(view: { current: HTMLElement | null }, wrap: boolean, timed: boolean): number | null {
  const [columns, setColumns] = useState<number | null>(null);
  useEffect(() => {
    const box = view.current;
    if (!box || !wrap) {
      setColumns(null);
      return;
    }
    const measure = (): void => {
      const probe = document.createElement('span');
      probe.textContent = 'x'.repeat(100);
      box.append(probe);
      const one = probe.getBoundingClientRect().width / 100;
      probe.remove();
      const gutter = matchMedia('(max-width: 767px)').matches ? 44 + 3 + 8 : 58 + 3 + 16 + (timed ? 78 : 0);
      setColumns(Math.max(10, Math.floor((box.clientWidth - gutter) / one)));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, [view, wrap, timed]);
  return columns;
}

export function LogViewer({ project, job }: { project: string; job: Job }) {
  const { model, version, ended, error } = useStream(project, job.id);
  const prefs = usePrefs();
  const { hash, params } = useAddress();
  const query = params.get('q') ?? '';
  const view = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLElement>(null);
  const [toggled, setToggled] = useState<ReadonlyMap<number, boolean>>(new Map());
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const [current, setCurrent] = useState(-1);
  const following = useRef(!isEnded(job.status));
  const placed = useRef(false);
  const seen = useRef(0);
  const timed = prefs.times && model.times.size > 0;
  const columns = useColumns(view, prefs.wrap, timed);
  const failed = job.status === 'failed';
  const isOpen = (i: number): boolean => toggled.get(i) ?? model.opensFirst(i, failed);
  const rows = useMemo(() => new Rows(model, isOpen, columns), [model, version, toggled, columns, failed]);
  const hits = useHits(model, version, query);
  const pattern = query ? matcher(query) : null;
  const named = linesOf(hash);

  useEffect(() => {
    placed.current = false;
    seen.current = 0;
    following.current = !isEnded(job.status);
    setToggled(new Map());
  }, [job.id]);

  const show = (line: number): void => {
    const shut = model.around(line).filter((i) => !isOpen(i));
    if (shut.length > 0) setToggled(new Map([...toggled, ...shut.map((i) => [i, true] as const)]));
    following.current = false;
    requestAnimationFrame(() => {
      const all = new Rows(model, (i) => shut.includes(i) || isOpen(i), columns);
      const row = all.ofLine(line);
      if (view.current && row >= 0) view.current.scrollTop = Math.max(0, all.top(row) - 5 * LINE_H);
    });
  };
  const toEnd = (): void => {
    following.current = true;
    if (view.current) view.current.scrollTop = view.current.scrollHeight;
    redraw(0);
  };

  useEffect(() => {
    const target = linesOf(hash);
    if (target && placed.current) show(target[0]);
  }, [hash]);

  useEffect(() => {
    if (!view.current || model.lines.length === 0) return;
    if (!placed.current && (ended || named)) {
      if (named && model.lines.length > named[0]) {
        placed.current = true;
        show(named[0]);
      } else if (ended) {
        placed.current = true;
        const last = model.errors[model.errors.length - 1];
        if (named) show(model.lines.length - 1);
        else if (failed && last !== undefined) show(last);
        else if (failed) toEnd();
      }
    }
    if (following.current && !ended) view.current.scrollTop = view.current.scrollHeight;
    if (following.current) seen.current = model.lines.length;
  }, [version, ended, rows]);

  const onScroll = (): void => {
    const at = view.current;
    if (!at) return;
    following.current = at.scrollTop + at.clientHeight >= at.scrollHeight - 4;
    if (following.current) seen.current = model.lines.length;
    redraw(0);
  };
  const go = (lines: readonly number[], by: number): void => {
    if (lines.length === 0) return;
    const next = (current + by + lines.length) % lines.length;
    setCurrent(next);
    show(lines[next] as number);
  };
  const goError = (by: number) => (): void => go(model.errors, by);
  const foldAll = (): void => {
    const open = model.sections.some((_, i) => !isOpen(i));
    setToggled(new Map(model.sections.map((_, i) => [i, open])));
  };
  const field = useRef<HTMLInputElement>(null);
  useKeys({
    '/': () => field.current?.focus(),
    'Ctrl F': (event) => {
      if (document.activeElement !== field.current) field.current?.focus();
      else event.stopPropagation();
    },
    E: goError(1), 'Shift E': goError(-1), W: () => setPref('wrap', !prefs.wrap), M: () => setPref('times', !prefs.times), End: toEnd, O: foldAll,
  });

  const at = view.current;
  const top = at?.scrollTop ?? 0;
  const screen = at?.clientHeight ?? 600;
  const first = rows.find(Math.max(0, top - 2 * screen));
  const last = Math.min(rows.rows.length, rows.find(top + 3 * screen) + 1);
  const errors = new Set(model.errors);
  const fresh = model.lines.length - seen.current;
  const chosen = hits[Math.max(0, Math.min(current, hits.length - 1))];
  return (
    <section class="logbox" aria-label="Log" ref={box}>
      <div class="logbar">
        <label class="input"><Icon name="search" small /><span class="vh">Search the log</span>
          <input ref={field} defaultValue={query} placeholder="Search" onInput={(event) => {
            setCurrent(-1);
            setParams({ q: event.currentTarget.value });
          }} onKeyDown={(event) => {
            if (event.key === 'Enter') go(hits, event.shiftKey ? -1 : 1);
            if (event.key === 'Escape') view.current?.focus();
          }} />
          {query && <span class="faint num xs">{hits.length > 0 ? `${Math.max(1, current + 1)} of ${count(hits.length)}` : 'none'}</span>}
        </label>
        <span class="hits d-only">{model.errors.length > 0 && many(model.errors.length, 'error')}</span>
        {model.errors.length > 0 && <span class="d-only"><Button kind="ghost icon small" icon="up" label="Previous error" onClick={goError(-1)} /></span>}
        {model.times.size > 0 && <span class="d-only"><Button kind="small" icon="clock" pressed={prefs.times} onClick={() => setPref('times', !prefs.times)}><span>Times</span></Button></span>}
        <Button kind={`small${prefs.wrap ? '' : ' ghost'}`} icon="wrap" label="Wrap" pressed={prefs.wrap} onClick={() => setPref('wrap', !prefs.wrap)}><span>Wrap</span></Button>
        {named && <Copy label="Copy link" text={location.href} />}
        <Button kind="ghost icon small" icon="dl" label="Download the log" onClick={() => void download(`${projectPath(project)}/jobs/${job.id}/trace`, `job-${job.id}.log`)} />
        <span class="d-only"><Button kind="ghost icon small" icon="full" label="Full screen" onClick={() => void (document.fullscreenElement ? document.exitFullscreen() : box.current?.requestFullscreen())} /></span>
      </div>
      <div class={`logview${prefs.wrap ? ' wrap' : ''}`} ref={view} tabIndex={0} role="log" aria-live="off" aria-label="Lines of the log" onScroll={onScroll}>
        <div class="logpad" style={{ height: `${rows.height}px` }}>
          <div class="logwin" style={{ top: `${rows.top(first)}px` }}>
            {Array.from({ length: Math.max(0, last - first) }, (_, i) => {
              const row = rows.at(first + i);
              return 'section' in row
                ? <SectionHead key={`s${row.section}`} model={model} index={row.section} open={isOpen(row.section)}
                  onToggle={() => setToggled(new Map([...toggled, [row.section, !isOpen(row.section)]]))} />
                : <Line key={row.line} model={model} line={row.line} timed={timed} pattern={pattern} isError={errors.has(row.line)}
                  isHit={row.line === chosen} named={named !== null && row.line >= named[0] && row.line <= named[1]} />;
            })}
          </div>
        </div>
      </div>
      {!following.current && !ended && fresh > 0 && (
        <div class="follow"><Button kind="primary small" icon="tail" onClick={toEnd}>Follow, {many(fresh, 'new line')}</Button></div>
      )}
      <div class="logfoot">
        <span class="num">{error ? `Not complete: ${error} Trying again.` : `${many(model.lines.length, 'line')}, ${size(model.bytes)}, ${ended ? 'complete' : isEnded(job.status) ? 'loading' : 'still growing'}`}</span>
        <span class="acts">
          <Button kind="ghost small" onClick={() => {
            following.current = false;
            if (view.current) view.current.scrollTop = 0;
          }}>Top</Button>
          <Button kind="ghost small" icon="tail" onClick={toEnd}>End</Button>
        </span>
      </div>
      {job.erased_at && <p class="note st-canceled">The log was erased at {clock(Date.parse(job.erased_at))}.</p>}
    </section>
  );
}
