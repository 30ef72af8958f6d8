/** The title of the tab and its icon, which answer the page's question by themselves. */
import { useEffect } from 'preact/hooks';
import type { Look } from './status';

const COLOURS: Partial<Record<Look, string>> = {
  success: '#198754', failed: '#d93025', running: '#2a66dc', warning: '#b06a00', manual: '#7c4fd0', scheduled: '#7c4fd0',
  pending: '#b06a00',
};

// Silhouettes of 16 by 16, as in the sprite, but without a glyph: at this size only the shape is seen.
const SHAPES: Partial<Record<Look, string>> = {
  success: "<circle cx='8' cy='8' r='7' fill='C'/><path d='m5 8.200 2.100 2.100L11.100 6' stroke='white' stroke-width='1.700' fill='none'/>",
  failed: "<path d='M5.100 1h5.800L15 5.100v5.800L10.900 15H5.100L1 10.900V5.100z' fill='C'/><path d='m5.600 5.600 4.800 4.800m0-4.800-4.800 4.800' stroke='white' stroke-width='1.700'/>",
  warning: "<path d='M8 1.200 15.400 14H.600z' fill='C'/>",
  manual: "<rect x='1' y='1' width='14' height='14' rx='3.500' fill='C'/><path d='M6.200 4.900v6.200L11.200 8z' fill='white'/>",
  running: "<path d='M8 1.800A6.200 6.200 0 1 1 1.800 8' stroke='C' stroke-width='2.400' fill='none'/><circle cx='8' cy='8' r='2.400' fill='C'/>",
};
const RING = "<circle cx='8' cy='8' r='6' stroke='C' stroke-width='2.400' fill='none'/>";

let first: string | null = null;

function iconOf(look: Look): string {
  const body = (SHAPES[look] ?? RING).replaceAll(/\bC\b/g, COLOURS[look] ?? '#7d8b8e');
  const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>${body}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

export function useTitle(title: string, look: Look | null = null): void {
  useEffect(() => {
    document.title = title;
    const icon = document.getElementById('favicon');
    if (!(icon instanceof HTMLLinkElement)) return;
    first ??= icon.href;
    icon.href = look ? iconOf(look) : first;
  }, [title, look]);
}
