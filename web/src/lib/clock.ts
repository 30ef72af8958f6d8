/** The server's clock, as far as its answers tell it; and one timer for all times on the page. */
import { useEffect, useState } from 'preact/hooks';

let offset = 0;

/** Takes the server's time from the header `Date`, which counts whole seconds. */
export function noteServerDate(header: string | null): void {
  const at = header ? Date.parse(header) : NaN;
  if (Number.isNaN(at)) return;
  const difference = at + 500 - Date.now();
  offset = Math.abs(difference) < 2000 ? 0 : difference;
}

export const serverNow = (): number => Date.now() + offset;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function listen(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    if (!document.hidden) for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The server's time in ms, renewed each second while @ticking. */
export function useNow(ticking = true): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => (ticking ? listen(() => setNow(serverNow())) : undefined), [ticking]);
  return ticking ? now : serverNow();
}
