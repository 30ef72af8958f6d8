/** What a reader prefers, kept in this browser. */
import { useEffect, useState } from 'preact/hooks';

export interface Prefs {
  theme: 'system' | 'light' | 'dark';
  wrap: boolean;
  times: boolean;
  order: 'stages' | 'needs' | 'list';
  critical: boolean;
  exactTimes: boolean;
}

const DEFAULTS: Prefs = {
  theme: 'system', wrap: matchMedia('(max-width: 767px)').matches, times: true, order: 'stages', critical: true, exactTimes: false,
};
const KEY = 'penstock';

function read(): Prefs {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Prefs>) };
  } catch {
    return DEFAULTS; // storage is closed or damaged: the page works without
  }
}

let prefs = read();
const listeners = new Set<(prefs: Prefs) => void>();

export function setPref<K extends keyof Prefs>(name: K, value: Prefs[K]): void {
  prefs = { ...prefs, [name]: value };
  try {
    localStorage.setItem(KEY, JSON.stringify(prefs));
  } catch {
    // kept until the page is left
  }
  applyTheme();
  for (const listener of listeners) listener(prefs);
}

export function usePrefs(): Prefs {
  const [value, setValue] = useState(prefs);
  useEffect(() => {
    listeners.add(setValue);
    return () => {
      listeners.delete(setValue);
    };
  }, []);
  return value;
}

export function applyTheme(): void {
  if (prefs.theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = prefs.theme;
}

export function switchTheme(): void {
  const dark = prefs.theme === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : prefs.theme === 'dark';
  setPref('theme', dark ? 'light' : 'dark');
}
