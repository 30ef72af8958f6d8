/** Keys of the page: none fires while a field has the focus, but those with Ctrl. */
import { useEffect, useRef } from 'preact/hooks';

export type Keys = Record<string, (event: KeyboardEvent) => void>;

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** The name of a key event: `J`, `Shift E`, `Ctrl K`, `/`, `Enter`. */
export function keyName(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const letter = /^[A-Z]$/.test(key) || key.length > 1;
  return `${event.ctrlKey || event.metaKey ? 'Ctrl ' : ''}${event.shiftKey && letter ? 'Shift ' : ''}${key}`;
}

let prefix = '';
let prefixAt = 0;

/** Binds keys while the component is shown; `G H` is G, then H within a second. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.altKey) return;
      const name = keyName(event);
      if (isField(event.target) && !name.startsWith('Ctrl ')) return;
      if (document.querySelector('dialog[open]') && !name.startsWith('Ctrl ')) return;
      const after = prefix && Date.now() - prefixAt < 1000 ? `${prefix} ${name}` : '';
      const action = (after && latest.current[after]) || (after ? undefined : latest.current[name]);
      if (!action) return;
      event.preventDefault();
      action(event);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

/** Remembers the first key of two; bound once, after all others. */
export function startKeys(): void {
  document.addEventListener('keydown', (event) => {
    const name = keyName(event);
    prefix = name === 'G' && !isField(event.target) ? 'G' : '';
    prefixAt = Date.now();
  });
}
