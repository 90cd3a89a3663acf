import { ApiProblem, Unreachable, problemOf } from './problem';
import type { paths } from './schema.gen';

type Verb = 'get' | 'post' | 'put' | 'patch';
/** The paths that take a verb. */
export type PathsOf<V extends Verb> = {
  [P in keyof paths]: paths[P][V] extends { responses: unknown } ? P : never;
}[keyof paths];
type Operation<P extends keyof paths, V extends Verb> = paths[P][V];
type Json<T> = T extends { content: { 'application/json': infer Body } } ? Body : never;
type Parameters<O> = O extends { parameters: infer All } ? All : never;

/** What a call answers when all is well. */
export type Answer<P extends keyof paths, V extends Verb> =
  Operation<P, V> extends { responses: infer All }
    ? { [S in keyof All]: S extends 200 | 201 | 202 ? Json<All[S]> : never }[keyof All]
    : never;
/** What a call takes as its body. */
export type BodyOf<P extends keyof paths, V extends Verb> =
  Operation<P, V> extends { requestBody?: infer Taken } ? Json<NonNullable<Taken>> : never;
/** What a call takes behind the question mark. */
export type QueryOf<P extends keyof paths, V extends Verb> =
  Parameters<Operation<P, V>> extends { query?: infer Query } ? NonNullable<Query> : never;

export interface CallOptions<P extends keyof paths, V extends Verb> {
  /** Whose; not for routes of the whole node. */
  readonly store?: string;
  /** The words in braces of the path. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: QueryOf<P, V>;
  readonly body?: BodyOf<P, V>;
  /** For POST: the same wish under the same key is done once. A fresh one where it is missing. */
  readonly key?: string;
  /** For edits: done only where the resource still has this ETag. */
  readonly ifMatch?: string;
  readonly signal?: AbortSignal;
}

/** What came back, and the headers that people ask about. */
export interface Answered<T> {
  readonly body: T;
  readonly etag: string | null;
  readonly requestId: string | null;
}

/** The address of a call: braces filled in, nothing empty behind the question mark. */
export function address(
  path: string,
  words: Readonly<Record<string, string>> = {},
  query: Readonly<Record<string, unknown>> = {},
): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, word: string) => {
    const value = words[word];
    if (value === undefined) throw new Error(`${path} needs ${word}`);
    return encodeURIComponent(value);
  });
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') asked.append(name, String(value));
  }
  const text = asked.toString();
  return text === '' ? filled : `${filled}?${text}`;
}

/** A key for one wish. */
export function freshKey(): string {
  return crypto.randomUUID();
}

/** After something was done here, everybody reads what is there now, for so long. */
const EXACT_MS = 5_000;
let wroteAt = -Infinity;
let isRefresh = false;

/**
 * What is asked in here is asked because events made it old: what the server shows has those events, and need not be what it will
 * show in a quarter of a second.
 */
export function asRefresh(run: () => void): void {
  isRefresh = true;
  try {
    run();
  } finally {
    isRefresh = false;
  }
}

/** Asks the server, and throws {@link ApiProblem} or {@link Unreachable} where it does not do what was asked. */
export async function ask<V extends Verb, P extends PathsOf<V>>(
  verb: V,
  path: P,
  options: CallOptions<P, V> = {},
): Promise<Answered<Answer<P, V>>> {
  const headers = new Headers({ Accept: 'application/json' });
  if (options.store !== undefined) headers.set('X-Store-ID', options.store);
  if (verb === 'post') headers.set('Idempotency-Key', options.key ?? freshKey());
  if (options.ifMatch !== undefined) headers.set('If-Match', options.ifMatch);
  if (options.body !== undefined) headers.set('Content-Type', 'application/json');
  if (verb !== 'get') wroteAt = performance.now();
  else if (isRefresh && performance.now() - wroteAt > EXACT_MS) headers.set('Cache-Control', 'max-age=1');
  let response: Response;
  try {
    response = await fetch(address(path, options.path, options.query as Record<string, unknown>), {
      method: verb.toUpperCase(),
      headers,
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      cache: 'no-store',
      credentials: 'same-origin',
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Unreachable(error);
  }
  if (!response.ok) throw await problemOf(response);
  let body: Answer<P, V>;
  try {
    body = (await response.json()) as Answer<P, V>;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Unreachable(error);
  }
  return {
    body,
    etag: response.headers.get('ETag'),
    requestId: response.headers.get('X-Request-ID'),
  };
}

/** Reads. */
export async function get<P extends PathsOf<'get'>>(path: P, options?: CallOptions<P, 'get'>) {
  return (await ask('get', path, options)).body;
}

/** Does something, once. */
export async function post<P extends PathsOf<'post'>>(path: P, options?: CallOptions<P, 'post'>) {
  return (await ask('post', path, options)).body;
}

/** Whether a question may be asked again by itself: what passes by, and never more than twice. */
export function mayRetry(count: number, error: unknown): boolean {
  if (error instanceof ApiProblem) return error.isPassing && count < 2;
  return error instanceof Unreachable && count < 2;
}
