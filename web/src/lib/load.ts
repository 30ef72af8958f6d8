/** Loading what a page shows: at once from what is known, then from the server; old data stays while new is fetched. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api/client';

const known = new Map<string, unknown>();
const MOST_KNOWN = 200;

/** Keeps @value as what is known of @key, so that the next page can draw its head from it. */
export function remember(key: string, value: unknown): void {
  known.delete(key);
  known.set(key, value);
  if (known.size > MOST_KNOWN) known.delete(known.keys().next().value as string);
}

export const recall = <T>(key: string): T | undefined => known.get(key) as T | undefined;

export interface Loaded<T> {
  data: T | undefined;
  error: ApiError | null;
  loading: boolean;
  /** Asks again; what is shown stays until the answer. */
  reload: () => void;
  /** Sets what is shown, until the next answer. */
  set: (value: T) => void;
}

/** Loads by @fetcher what @key names; null: nothing to load yet. */
export function useLoad<T>(key: string | null, fetcher: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string | null; data: T | undefined; error: ApiError | null; loading: boolean }>(
    () => ({ key, data: key ? recall<T>(key) : undefined, error: null, loading: key !== null }),
  );
  const current = useRef(key);
  const running = useRef(false);
  const again = useRef(false);
  const latest = useRef(fetcher);
  current.current = key;
  latest.current = fetcher;

  const run = useCallback(async (): Promise<void> => {
    const asked = current.current;
    if (asked === null) return;
    if (running.current) {
      again.current = true;
      return;
    }
    running.current = true;
    try {
      const data = await latest.current();
      remember(asked, data);
      if (current.current === asked) setState({ key: asked, data, error: null, loading: false });
    } catch (error) {
      const failure = error instanceof ApiError ? error : new ApiError(0, String(error));
      if (current.current === asked) {
        setState((was) => ({ key: asked, data: was.key === asked ? was.data : recall<T>(asked), error: failure, loading: false }));
      }
    } finally {
      running.current = false;
      if (again.current || current.current !== asked) {
        again.current = false;
        void run();
      }
    }
  }, []);

  useEffect(() => {
    if (key === null) return;
    setState({ key, data: recall<T>(key), error: null, loading: true });
    void run();
  }, [key, run]);

  const set = useCallback((value: T) => {
    if (current.current !== null) remember(current.current, value);
    setState((was) => ({ ...was, data: value }));
  }, []);
  const stale = state.key !== key;
  return {
    data: stale ? (key ? recall<T>(key) : undefined) : state.data,
    error: stale ? null : state.error,
    loading: stale ? key !== null : state.loading,
    reload: useCallback(() => void run(), [run]),
    set,
  };
}
