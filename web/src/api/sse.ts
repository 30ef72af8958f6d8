/** Server-sent events read by fetch: unlike EventSource it can carry a token and tells why it ended. */
import { ApiError, request } from './client';

export interface ServerEvent {
  event: string;
  data: string;
  id: string | null;
}

/** Cuts a stream of text into events; feed() takes the text as it comes. */
export class EventParser {
  private rest = '';
  private name = '';
  private data: string[] = [];
  private id: string | null = null;

  feed(text: string): ServerEvent[] {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    const events: ServerEvent[] = [];
    for (const line of lines) {
      if (line === '') this.flush(events);
      else this.field(line);
    }
    return events;
  }

  private field(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment: the server is there
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.name = value;
    else if (name === 'data') this.data.push(value);
    else if (name === 'id') this.id = value;
  }

  private flush(events: ServerEvent[]): void {
    if (this.data.length > 0) events.push({ event: this.name || 'message', data: this.data.join('\n'), id: this.id });
    this.name = '';
    this.data = [];
  }
}

/** Reads one stream to its end, calling @onEvent; throws ApiError where it could not be opened or broke. */
export async function readEvents(
  path: string,
  lastId: string | null,
  signal: AbortSignal,
  onOpen: () => void,
  onEvent: (event: ServerEvent) => void,
): Promise<void> {
  const answer = await request('GET', path, {
    signal,
    headers: { Accept: 'text/event-stream', ...(lastId ? { 'Last-Event-ID': lastId } : {}) },
  });
  const reader = answer.body?.getReader();
  if (!reader) throw new ApiError(0, 'The server sent no stream.');
  onOpen();
  const parser = new EventParser();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      for (const event of parser.feed(decoder.decode(value, { stream: true }))) onEvent(event);
    }
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError(0, 'The connection broke.');
  }
}
