/** Small parts that all pages are made of. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { useNow } from '../lib/clock';
import { setPref, usePrefs } from '../lib/prefs';
import { type Look, word } from '../lib/status';
import { ago, duration, exact, until } from '../lib/words';

/** An icon of the sprite; without a label it says nothing to a screen reader. */
export function Icon({ name, label, small, class: more }: { name: string; label?: string; small?: boolean; class?: string }) {
  const shown = `i${small ? ' i-s' : ''}${more ? ` ${more}` : ''}`;
  return label
    ? <svg class={shown} role="img" aria-label={label}><use href={`#${name}`} /></svg>
    : <svg class={shown} aria-hidden="true"><use href={`#${name}`} /></svg>;
}

/** A status as its silhouette alone. */
export function StatusIcon({ look, label }: { look: Look; label?: string }) {
  return <Icon name={`st-${look}`} label={label ?? word(look)} class={`sti st-${look}`} />;
}

/** A status as silhouette and word. */
export function Status({ look, children }: { look: Look; children?: ComponentChildren }) {
  return <span class={`st st-${look}`}><Icon name={`st-${look}`} />{children ?? word(look)}</span>;
}

export function Pill({ look, children }: { look: Look; children?: ComponentChildren }) {
  return <span class={`pill st-${look}`}><Icon name={`st-${look}`} />{children ?? word(look)}</span>;
}

/** When something was, or will be: relative, exact on hover and after a click. */
export function When({ at, future, zone }: { at: string | number; future?: boolean; zone?: string }) {
  const now = useNow();
  const prefs = usePrefs();
  const ms = typeof at === 'number' ? at : Date.parse(at);
  const full = exact(ms, zone);
  const words = prefs.exactTimes ? full : future ? until(ms, now) : ago(ms, now);
  return (
    <time class="when-t" dateTime={new Date(ms).toISOString()} title={full}
      onClick={(event) => {
        event.preventDefault();
        setPref('exactTimes', !prefs.exactTimes);
      }}>{words}</time>
  );
}

/** A duration that grows while its end is not known. */
export function Took({ from, to, seconds }: { from: string | null; to: string | null; seconds?: number | null }) {
  const growing = from !== null && to === null;
  const now = useNow(growing);
  if (from === null) return <span class="num">–</span>;
  if (seconds != null && !growing) return <span class="num">{duration(seconds)}</span>;
  const end = to === null ? now : Date.parse(to);
  const spent = (end - Date.parse(from)) / 1000;
  return <span class="num">{duration(growing ? Math.floor(spent) : spent)}</span>;
}

interface ButtonProps {
  icon?: string;
  label?: string;
  kind?: string;
  pressed?: boolean;
  busy?: boolean;
  title?: string;
  onClick?: (event: MouseEvent) => void;
  children?: ComponentChildren;
  type?: 'button' | 'submit';
  expanded?: boolean;
}

export function Button(props: ButtonProps) {
  return (
    <button type={props.type ?? 'button'} class={`btn${props.kind ? ` ${props.kind}` : ''}`} aria-label={props.label}
      aria-pressed={props.pressed} aria-busy={props.busy || undefined} aria-expanded={props.expanded} title={props.title}
      onClick={props.onClick}>
      {props.icon && <Icon name={props.icon} small={!props.kind?.includes('icon')} />}
      {props.children}
    </button>
  );
}

/** Some bars of the final size, after 400 ms. */
export function Bars({ rows, height }: { rows: number; height: number }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 400);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="bars" aria-busy="true" aria-label="Loading" role="status">
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} class={late ? 'bar-row shown' : 'bar-row'} style={{ height: `${height}px` }}><i /></div>
      ))}
    </div>
  );
}

export function Empty({ children, action }: { children: ComponentChildren; action?: ComponentChildren }) {
  return <div class="empty"><p>{children}</p>{action}</div>;
}

/** What failed, in our words, then the server's, and a way to go on. */
export function Failure({ what, error, retry }: { what: string; error: ApiError; retry?: () => void }) {
  return (
    <div class="empty" role="alert">
      <p><Icon name="st-failed" class="sti st-failed" /> {what}</p>
      <code class="mono muted">{error.message}</code>
      {retry && <Button icon="retry" onClick={retry}>Try again</Button>}
    </div>
  );
}

export interface Action {
  name: string;
  icon?: string;
  danger?: boolean;
  run: () => void;
}

/** The menu behind `…`: arrow keys, Escape and a click elsewhere close it, and the focus goes back. */
export function Menu({ actions, label }: { actions: Action[]; label: string }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    root.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
    const close = (event: Event): void => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', close);
    return () => document.removeEventListener('pointerdown', close);
  }, [open]);
  const onKey = (event: KeyboardEvent): void => {
    const items = [...(root.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    if (event.key === 'Escape') {
      setOpen(false);
      root.current?.querySelector('button')?.focus();
    } else if (event.key === 'ArrowDown') items[(at + 1) % items.length]?.focus();
    else if (event.key === 'ArrowUp') items[(at + items.length - 1) % items.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  if (actions.length === 0) return null;
  return (
    <div class="menu" ref={root} onKeyDown={open ? onKey : undefined}>
      <button type="button" class="btn icon" aria-label={label} aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="more" />
      </button>
      {open && (
        <div class="pop" role="menu" aria-label={label}>
          {actions.map((action) => (
            <button type="button" key={action.name} role="menuitem" tabIndex={-1} class={action.danger ? 'danger' : ''}
              onClick={() => {
                setOpen(false);
                root.current?.querySelector('button')?.focus();
                action.run();
              }}>
              {action.icon && <Icon name={action.icon} small />}{action.name}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** A dialog over the page; Escape closes it, the focus goes back by itself. */
export function Dialog({ title, onClose, children }: { title: string; onClose?: () => void; children: ComponentChildren }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    ref.current?.showModal();
    return () => before?.focus?.();
  }, []);
  return (
    <dialog ref={ref} aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose?.();
      }}>
      {children}
    </dialog>
  );
}

/** Asks before what cannot be undone, naming the thing. */
export function Confirm({ question, verb, onYes, onNo }: { question: string; verb: string; onYes: () => void; onNo: () => void }) {
  return (
    <Dialog title={question} onClose={onNo}>
      <div class="form">
        <h2>{question}</h2>
        <div class="flex">
          <Button kind="danger" onClick={onYes}>{verb}</Button>
          <Button onClick={onNo}>Keep</Button>
        </div>
      </div>
    </Dialog>
  );
}

export function Copy({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [said, setSaid] = useState('');
  return (
    <Button kind="ghost small" icon="copy" onClick={() => {
      navigator.clipboard.writeText(text).then(() => setSaid('Copied'), () => setSaid('Not copied'));
      setTimeout(() => setSaid(''), 2000);
    }}>{said || label}</Button>
  );
}
