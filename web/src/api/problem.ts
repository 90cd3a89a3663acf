import type { Fault } from './schema.gen';

/** What a refusal says, as `application/problem+json` has it. */
export interface ProblemBody {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly request_id?: string;
  readonly errors?: readonly Fault[];
  readonly status_now?: string;
  readonly legal?: readonly string[];
}

/** The server said no, and why. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly requestId: string | null;
  readonly faults: readonly Fault[];
  /** The moves that are allowed instead, where a move was refused. */
  readonly legal: readonly string[];
  /** How long the server asks to wait, in milliseconds; null where it does not. */
  readonly retryAfterMs: number | null;

  constructor(body: ProblemBody, retryAfterMs: number | null) {
    super(body.detail || body.title);
    this.status = body.status;
    this.code = body.code;
    this.title = body.title;
    this.detail = body.detail;
    this.requestId = body.request_id ?? null;
    this.faults = body.errors ?? [];
    this.legal = body.legal ?? [];
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same request may succeed later, unchanged. */
  get isPassing(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

/** Nobody answered at all. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  constructor(cause: unknown) {
    super('the server does not answer', { cause });
  }
}

/** `Retry-After` in milliseconds, whether it names seconds or a date. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** The refusal in an answer; answers that are none of ours (a proxy's page) become one, too. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const wait = retryAfterMs(response.headers.get('Retry-After'), Date.now());
  const type = response.headers.get('Content-Type') ?? '';
  if (type.includes('json')) {
    try {
      const body = (await response.json()) as Partial<ProblemBody>;
      if (typeof body.code === 'string') {
        return new ApiProblem(
          { title: body.code, detail: '', ...body, status: response.status, code: body.code },
          wait,
        );
      }
    } catch {
      // Cut off in the middle: the status is all there is.
    }
  }
  const title = `The server answered ${response.status}`;
  return new ApiProblem(
    { status: response.status, code: `http_${response.status}`, title, detail: title },
    wait,
  );
}

/** A sentence for people about anything that was thrown. */
export function sentence(error: unknown): string {
  if (error instanceof ApiProblem) {
    const text = error.detail || error.title;
    return text.charAt(0).toUpperCase() + text.slice(1);
  }
  if (error instanceof Unreachable) return 'The server does not answer';
  return error instanceof Error ? error.message : 'Something went wrong';
}
