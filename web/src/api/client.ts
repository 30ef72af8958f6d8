/** Requests to the server: one place that knows headers, errors and what an ended session means. */
import { noteServerDate } from '../lib/clock';

/** An answer that is no success; @status 0: there was no answer. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly body: unknown = null,
  ) {
    super(message);
  }
}

export interface List<T> {
  items: T[];
  /** null: the server did not count them. */
  total: number | null;
  nextPage: number | null;
}

type Params = Record<string, string | number | boolean | null | undefined>;

interface Options {
  params?: Params;
  body?: unknown;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

/** A token given at sign-in to a server without sessions: kept in memory, gone with the page. */
let token: string | null = null;

/** Asked when the server no longer knows who we are; settles once the reader has signed in again. */
let signInAgain: (() => Promise<void>) | null = null;

export const setToken = (value: string | null): void => {
  token = value;
};

export const setSignInAgain = (ask: () => Promise<void>): void => {
  signInAgain = ask;
};

function addressOf(path: string, params?: Params): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return (path.startsWith('/-/') ? path : `/api/v4${path}`) + (text ? `?${text}` : '');
}

function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(flatten).join(', ');
  if (value && typeof value === 'object') {
    return Object.entries(value).map(([name, each]) => (name === 'base' ? flatten(each) : `${name} ${flatten(each)}`)).join('; ');
  }
  return String(value);
}

async function errorOf(answer: Response): Promise<ApiError> {
  const text = await answer.text().catch(() => '');
  try {
    const body = JSON.parse(text) as Record<string, unknown>;
    const said = body['message'] ?? body['error_description'] ?? body['error'];
    return new ApiError(answer.status, said === undefined ? `${answer.status}` : flatten(said), body);
  } catch {
    return new ApiError(answer.status, `${answer.status} ${answer.statusText}`.trim());
  }
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
  if (token) headers['PRIVATE-TOKEN'] = token;
  if (method !== 'GET') headers['X-Penstock-Page'] = '1';
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    return await fetch(addressOf(path, options.params), {
      method,
      headers,
      credentials: 'same-origin',
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, 'The server does not answer.');
  }
}

/** The raw answer of a success; ApiError otherwise. */
export async function request(method: string, path: string, options: Options = {}): Promise<Response> {
  let answer = await send(method, path, options);
  if (answer.status === 401 && signInAgain && !path.startsWith('/-/')) {
    await signInAgain();
    answer = await send(method, path, options);
  }
  noteServerDate(answer.headers.get('Date'));
  if (!answer.ok) throw await errorOf(answer);
  return answer;
}

async function json<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const answer = await request(method, path, options);
  return (answer.status === 204 ? null : await answer.json()) as T;
}

export const get = <T>(path: string, params?: Params, signal?: AbortSignal): Promise<T> =>
  json<T>('GET', path, { ...(params ? { params } : {}), ...(signal ? { signal } : {}) });
export const post = <T>(path: string, body?: unknown): Promise<T> =>
  json<T>('POST', path, body === undefined ? {} : { body });
export const put = <T>(path: string, body: unknown): Promise<T> => json<T>('PUT', path, { body });
export const patch = <T>(path: string, body: unknown): Promise<T> => json<T>('PATCH', path, { body });
export const remove = (path: string): Promise<null> => json<null>('DELETE', path);

export async function text(path: string, params?: Params): Promise<string> {
  return (await request('GET', path, { ...(params ? { params } : {}), headers: { Accept: '*/*' } })).text();
}

const numberOf = (header: string | null): number | null => (header ? Number(header) : null);

export async function list<T>(path: string, params?: Params, signal?: AbortSignal): Promise<List<T>> {
  const answer = await request('GET', path, { ...(params ? { params } : {}), ...(signal ? { signal } : {}) });
  return {
    items: (await answer.json()) as T[],
    total: numberOf(answer.headers.get('X-Total')),
    nextPage: numberOf(answer.headers.get('X-Next-Page')),
  };
}

/** All pages of a list, up to @most items. */
export async function all<T>(path: string, params: Params = {}, most = 2000): Promise<T[]> {
  const items: T[] = [];
  for (let page: number | null = 1; page && items.length < most; ) {
    const part: List<T> = await list<T>(path, { per_page: 100, ...params, page });
    items.push(...part.items);
    page = part.nextPage;
  }
  return items;
}

/** The path of a project in the API. */
export const projectPath = (project: string | number): string => `/projects/${encodeURIComponent(project)}`;

/** Saves what an authenticated GET answers as a file; works for tokens in memory too. */
export async function download(path: string, name: string): Promise<void> {
  const answer = await request('GET', path, { headers: { Accept: '*/*' } });
  const anchor = document.createElement('a');
  anchor.href = URL.createObjectURL(await answer.blob());
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 60_000);
}
