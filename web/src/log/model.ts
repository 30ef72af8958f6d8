/** A log as lines and sections, built while it arrives; what is shown of it, and where each row stands.  Pure. */
import { afterReturns, plain, stateAfter } from './ansi';

export interface Section {
  name: string;
  title: string;
  /** Lines from @first to @last, both included; last -1: still open. */
  first: number;
  last: number;
  startedAt: number | null;
  endedAt: number | null;
  depth: number;
  collapsed: boolean;
}

const TITLES: Record<string, string> = {
  prepare_executor: 'Prepare the environment', prepare_script: 'Prepare the script', get_sources: 'Get sources', restore_cache: 'Restore the cache',
  download_artifacts: 'Download artifacts', step_script: 'Run the script', build_script: 'Run the script', after_script: 'Run after_script',
  archive_cache: 'Save the cache', archive_cache_on_failure: 'Save the cache', upload_artifacts_on_success: 'Upload artifacts',
  upload_artifacts_on_failure: 'Upload artifacts', cleanup_file_variables: 'Clean up',
};

const SCRIPT = new Set(['step_script', 'build_script', 'after_script']);
const MARK = /section_(start|end):(\d+):([\w.-]+)(\[[^\]\r\n]*\])?\r?(?:\x1b\[0K)?/g;
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) [0-9a-f]{2}[OE]([ +])/;
const ERROR_HINT = /error|fatal|failed|traceback|panic/i;
const ERROR = /^\s*(?:\S+: )?(?:error|fatal|panic)\b\s*:|^(?:ERROR|FATAL|FAILED)\b|\bFAILED\b|^Traceback \(|^\w*(?:Error|Exception): /i;

export class LogModel {
  /** Raw lines, without marks and stamps; null: a line that was only marks. */
  readonly lines: (string | null)[] = [];
  readonly sections: Section[] = [];
  /** Lines that tell of an error, in order. */
  readonly errors: number[] = [];
  /** Times of lines in ms, where the runner wrote them. */
  readonly times = new Map<number, number>();
  bytes = 0;
  private rest = '';
  private readonly states = new Map<number, string>();
  private state = '';
  private open: number[] = [];
  private partial = false;

  /** Takes the next text; its last line may be unfinished and is taken again. */
  append(text: string): void {
    if (this.partial) {
      this.dropLast();
      this.partial = false;
    }
    const parts = (this.rest + text).split('\n');
    this.rest = parts.pop() ?? '';
    for (const part of parts) this.add(part);
    if (this.rest !== '' && !/section_(?:start|end)/.test(this.rest)) {
      this.add(this.rest);
      this.partial = true;
    }
  }

  private dropLast(): void {
    this.lines.pop();
    const last = this.lines.length;
    if (this.errors[this.errors.length - 1] === last) this.errors.pop();
    this.state = this.states.get(last) ?? '';
  }

  private add(raw: string): void {
    let line = raw;
    const at = this.lines.length;
    const stamp = STAMP.exec(line);
    if (stamp) {
      this.times.set(at, Date.parse(stamp[1] as string));
      line = line.slice(stamp[0].length);
      if (stamp[2] === '+' && at > 0) {
        this.lines[at - 1] = (this.lines[at - 1] ?? '') + line;
        return;
      }
    }
    let header = false;
    if (line.includes('section_')) {
      const marks = [...line.matchAll(MARK)];
      for (const mark of marks) header = this.mark(mark, at) || header;
      if (marks.length > 0) line = line.replace(MARK, '');
    }
    const text = afterReturns(line);
    if (this.state) this.states.set(at, this.state);
    this.state = stateAfter(this.state, text);
    const words = plain(text);
    const onlyMarks = text !== raw && words.trim() === '';
    if (header) {
      const section = this.sections[this.open[this.open.length - 1] as number];
      if (section && section.first === at) section.title = TITLES[section.name] ?? (words.trim() || section.name);
    }
    this.lines.push(onlyMarks || header ? null : text);
    if (!header && !onlyMarks && ERROR_HINT.test(words) && ERROR.test(words)) this.errors.push(at);
  }

  /** True: the mark opens a section, whose head the line is. */
  private mark(mark: RegExpMatchArray, at: number): boolean {
    const [, kind, seconds, name = '', options = ''] = mark;
    const when = Number(seconds);
    if (kind === 'start') {
      this.open.push(this.sections.length);
      this.sections.push({
        name, title: name, first: at, last: -1, startedAt: when, endedAt: null, depth: this.open.length - 1,
        collapsed: options.includes('collapsed=true'),
      });
      return true;
    }
    const found = this.open.map((i) => this.sections[i]?.name).lastIndexOf(name);
    if (found < 0) return false;
    for (const i of this.open.splice(found)) {
      const section = this.sections[i] as Section;
      section.last = Math.max(section.first, at - 1);
      section.endedAt = when;
    }
    return false;
  }

  stateAt(line: number): string {
    return this.states.get(line) ?? '';
  }

  textOf(line: number): string {
    const raw = this.lines[line];
    return raw == null ? '' : plain(raw);
  }

  /** The innermost sections around a line, outermost first: indices. */
  around(line: number): number[] {
    return this.sections.flatMap((section, i) =>
      (section.first <= line && (section.last < 0 || section.last >= line) ? [i] : []));
  }

  /** Whether a section is open at first: those that run, the script's, and those with the last error. */
  opensFirst(i: number, failed: boolean): boolean {
    const section = this.sections[i] as Section;
    if (section.last < 0) return true;
    const last = this.errors[this.errors.length - 1];
    if (failed && last !== undefined && last >= section.first && last <= section.last) return true;
    return SCRIPT.has(section.name) || (section.depth > 0 && !section.collapsed);
  }
}

/** A row of the window: a line, or the head of a section. */
export type RowKind = { line: number } | { section: number };

export const LINE_H = 20;
export const HEAD_H = 26;

/** The rows that are shown, and the place of each in pixels. */
export class Rows {
  readonly rows: Int32Array; // line, or -1 - section
  private readonly tops: Float64Array;
  readonly height: number;

  /** @columns: how many characters fit where lines wrap; null: they do not. */
  constructor(model: LogModel, isOpen: (section: number) => boolean, columns: number | null) {
    const rows: number[] = [];
    const tops: number[] = [];
    let top = 0;
    let next = 0;
    let line = 0;
    while (line < model.lines.length) {
      let skipTo = -1;
      while (next < model.sections.length && (model.sections[next] as Section).first <= line) {
        const section = model.sections[next] as Section;
        if (section.first === line) {
          rows.push(-1 - next);
          tops.push(top);
          top += HEAD_H;
          if (!isOpen(next)) {
            skipTo = section.last < 0 ? model.lines.length : section.last + 1;
            next++;
            while (next < model.sections.length && (model.sections[next] as Section).first < skipTo) next++;
            break;
          }
        }
        next++;
      }
      if (skipTo >= 0) {
        line = Math.max(skipTo, line + 1);
        continue;
      }
      const raw = model.lines[line];
      if (raw != null) {
        rows.push(line);
        tops.push(top);
        top += LINE_H * (columns === null ? 1 : Math.max(1, Math.ceil(widthOf(raw) / columns)));
      }
      line++;
    }
    this.rows = Int32Array.from(rows);
    this.tops = Float64Array.from(tops);
    this.height = top;
  }

  at(i: number): RowKind {
    const value = this.rows[i] ?? 0;
    return value < 0 ? { section: -1 - value } : { line: value };
  }

  top(i: number): number {
    return i >= this.tops.length ? this.height : this.tops[i] ?? 0;
  }

  /** The row at a height. */
  find(y: number): number {
    let low = 0;
    let high = this.tops.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.tops[middle] as number) <= y) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  /** The row of a line; -1: it is folded away. */
  ofLine(line: number): number {
    let low = 0;
    let high = this.rows.length - 1;
    const lineOf = (i: number): number => {
      for (let j = i; j < this.rows.length; j++) {
        const value = this.rows[j] as number;
        if (value >= 0) return value;
      }
      return Infinity;
    };
    while (low < high) {
      const middle = (low + high) >> 1;
      if (lineOf(middle) < line) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < Math.min(low + 64, this.rows.length); i++) if (this.rows[i] === line) return i;
    return -1;
  }
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/gu;

/** Columns that a line takes. */
export function widthOf(raw: string): number {
  const text = raw.indexOf('\x1b') < 0 ? raw : plain(raw);
  const wide = /[\u1100-\uffff]/.test(text) ? (text.match(WIDE)?.length ?? 0) : 0;
  return text.length + wide;
}

/** What to look for: plain text without regard to case, or `/a regular expression/`. */
export function matcher(query: string): RegExp | null {
  const regex = /^\/(.+)\/$/.exec(query);
  try {
    return regex?.[1] ? new RegExp(regex[1], 'gi') : new RegExp(query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi');
  } catch {
    return null; // not a regular expression yet
  }
}
