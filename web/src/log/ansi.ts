/**
 * Colours of a log line, as pieces of plain text with classes: nothing of a log is ever HTML.  The 16 colours are
 * classes; 256-colour and RGB text is set as a style, moved in lightness until it can be read.
 */

export interface Piece {
  text: string;
  class: string;
  /** CSS colour of the text, where it is none of the 16. */
  colour: string | null;
}

const SGR = /\x1b\[([0-9;:]*)m/g;
const OTHER_ESCAPES = /\x1b\[[0-9;:?<>=]*[ -/]*[@-ln-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[()][A-Z0-9]/g;
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/g;

/** Control bytes as their pictures. */
const pictured = (text: string): string =>
  text.replace(CONTROL, (c) => String.fromCharCode(c === '\x7f' ? 0x2421 : 0x2400 + c.charCodeAt(0)));

/** The line after its carriage returns: each replaces what stood before it. */
export function afterReturns(line: string): string {
  const ended = line.endsWith('\r') ? line.slice(0, -1) : line;
  const at = ended.lastIndexOf('\r');
  return at < 0 ? ended : ended.slice(at + 1);
}

/** What is read of a line: no escapes, control bytes as pictures. */
export const plain = (line: string): string =>
  line.indexOf('\x1b') < 0 ? pictured(line) : pictured(line.replace(OTHER_ESCAPES, '').replace(SGR, ''));

/** The SGR codes in force after @line, when @before are in force before it. */
export function stateAfter(before: string, line: string): string {
  if (line.indexOf('\x1b[') < 0) return before;
  let state = before;
  for (const [whole, codes = ''] of line.matchAll(SGR)) {
    if (codes === '' || /^0*;?0*$/.test(codes)) state = '';
    else state = (/^0;/.test(codes) ? '' : state) + whole;
    if (state.length > 200) state = state.slice(-100).replace(/^[^\x1b]*/, '');
  }
  return state;
}

interface Style {
  marks: Set<string>;
  front: string;
  back: string;
  colour: string | null;
}

const fresh = (): Style => ({ marks: new Set(), front: '', back: '', colour: null });

const CUBE = [0, 95, 135, 175, 215, 255];

function paletteColour(n: number): [number, number, number] {
  if (n >= 232) return [8 + (n - 232) * 10, 8 + (n - 232) * 10, 8 + (n - 232) * 10];
  const at = n - 16;
  return [CUBE[Math.floor(at / 36)] ?? 0, CUBE[Math.floor(at / 6) % 6] ?? 0, CUBE[at % 6] ?? 0];
}

const luminance = (rgb: readonly number[]): number => {
  const [r = 0, g = 0, b = 0] = rgb.map((each) => {
    const s = each / 255;
    return s <= 0.03928 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

/** @rgb towards black or white until its contrast to the ground of that luminance is 4.5. */
export function readable(rgb: readonly [number, number, number], ground: number): string {
  let now: number[] = [...rgb];
  const to = ground > 0.4 ? 0 : 255;
  for (let i = 0; i < 20; i++) {
    const own = luminance(now);
    if ((Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05) >= 4.6) break;
    now = now.map((each) => Math.round(each + (to - each) * 0.12));
  }
  return `rgb(${now.join(' ')})`;
}

const both = (rgb: readonly [number, number, number]): string => `light-dark(${readable(rgb, 0.9)}, ${readable(rgb, 0.02)})`;

/** Reads a 256-colour or RGB code that begins at @at; the number of codes that it takes. */
function longColour(codes: readonly number[], at: number, style: Style, front: boolean): number {
  const kind = codes[at + 1];
  const channel = (i: number): number => Math.min(255, codes[at + i] ?? 0);
  if (kind === 5) {
    const n = channel(2);
    if (n < 16) {
      if (front) style.front = `f${n}`;
      else style.back = `g${n % 8}`;
    } else if (front) style.colour = both(paletteColour(n));
    if (front && n < 16) style.colour = null;
    return 2;
  }
  if (kind === 2) {
    if (front) style.colour = both([channel(2), channel(3), channel(4)]);
    return 4;
  }
  return 0;
}

function applyCode(codes: readonly number[], at: number, style: Style): number {
  const code = codes[at] ?? 0;
  if (code === 0) Object.assign(style, fresh());
  else if ([1, 2, 3, 4, 9].includes(code)) style.marks.add(`b-${code}`);
  else if (code === 22) ['b-1', 'b-2'].forEach((mark) => style.marks.delete(mark));
  else if (code === 23 || code === 24 || code === 29) style.marks.delete(`b-${code - 20}`);
  else if (code >= 30 && code <= 37) Object.assign(style, { front: `f${code - 30}`, colour: null });
  else if (code >= 90 && code <= 97) Object.assign(style, { front: `f${code - 82}`, colour: null });
  else if (code >= 40 && code <= 47) style.back = `g${code - 40}`;
  else if (code >= 100 && code <= 107) style.back = `g${code - 100}`;
  else if (code === 39) Object.assign(style, { front: '', colour: null });
  else if (code === 49) style.back = '';
  else if (code === 38 || code === 48) return longColour(codes, at, style, code === 38);
  return 0;
}

/** The pieces of a line, when the SGR codes @state are in force at its beginning. */
export function pieces(line: string, state = ''): Piece[] {
  const text = state + line.replace(OTHER_ESCAPES, '');
  const found: Piece[] = [];
  const style = fresh();
  let from = 0;
  const push = (to: number): void => {
    if (to <= from) return;
    found.push({
      text: pictured(text.slice(from, to)),
      class: [...style.marks, style.front, style.back].filter(Boolean).join(' '),
      colour: style.colour,
    });
  };
  for (const match of text.matchAll(SGR)) {
    push(match.index);
    from = match.index + match[0].length;
    const codes = (match[1] ?? '').split(/[;:]/).map(Number);
    for (let i = 0; i < codes.length; i++) i += applyCode(codes, i, style);
  }
  push(text.length);
  return found;
}
