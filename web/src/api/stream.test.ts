import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventStream } from './stream';
import type { LiveState } from './stream';

/** A server that the test writes for, one connection at a time. */
class Server {
  readonly asked: (string | null)[] = [];
  #lines: ReadableStreamDefaultController<Uint8Array> | null = null;
  answer: (() => Response) | null = null;

  readonly fetch = async (_: string, init: { headers: Headers; signal: AbortSignal }): Promise<Response> => {
    this.asked.push(init.headers.get('Last-Event-ID'));
    if (this.answer !== null) return this.answer();
    const body = new ReadableStream<Uint8Array>({
      start: (lines) => {
        this.#lines = lines;
        init.signal.addEventListener('abort', () => lines.error(new DOMException('aborted', 'AbortError')));
      },
    });
    return new Response(body, { status: 200, headers: { 'Content-Type': 'text/event-stream' } });
  };

  say(text: string): void {
    this.#lines?.enqueue(new TextEncoder().encode(text));
  }
  event(sequence: number): void {
    const data = {
      id: `evt_${sequence}`,
      sequence,
      type: 'order.created',
      at: new Date().toISOString(),
      data: {},
    };
    this.say(`id: ${sequence}\nevent: order.created\ndata: ${JSON.stringify(data)}\n\n`);
  }
  hangUp(): void {
    this.#lines?.close();
  }
}

describe('the stream', () => {
  let server: Server;
  let heard: number[];
  let phases: string[];
  let restarts: number;
  let stream: EventStream;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    server = new Server();
    vi.stubGlobal('fetch', server.fetch);
    const nobody = { addEventListener: () => undefined, removeEventListener: () => undefined };
    vi.stubGlobal('window', { ...nobody, setTimeout });
    vi.stubGlobal('document', { ...nobody, visibilityState: 'visible' });
    vi.stubGlobal('requestAnimationFrame', (draw: () => void) => setTimeout(draw, 16));
    vi.stubGlobal('cancelAnimationFrame', () => undefined);
    heard = [];
    phases = [];
    restarts = 0;
    stream = new EventStream('acme', () => void (restarts += 1));
    stream.subscribe((events) => void heard.push(...events.map((event) => event.sequence)));
    stream.watch(() => {
      const phase: LiveState['phase'] = stream.state().phase;
      if (phases.at(-1) !== phase) phases.push(phase);
    });
    stream.start();
  });
  afterEach(() => {
    stream.stop();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('hands events on at once, then once a frame, in their order', async () => {
    await vi.advanceTimersByTimeAsync(1);
    server.say('retry: 1000\nid: 7\n\n');
    for (const sequence of [8, 9]) server.event(sequence);
    await vi.advanceTimersByTimeAsync(1);
    expect(heard, 'after silence at once').toEqual([8, 9]);
    server.event(10);
    await vi.advanceTimersByTimeAsync(1);
    expect(heard, 'and no more than once a frame').toEqual([8, 9]);
    await vi.advanceTimersByTimeAsync(20);
    expect(heard).toEqual([8, 9, 10]);
    expect(stream.sequence).toBe(10);
    expect(stream.state().phase).toBe('live');
  });

  it('says since when it is gone, comes back, and goes on after the last event', async () => {
    await vi.advanceTimersByTimeAsync(1);
    server.event(41);
    await vi.advanceTimersByTimeAsync(20);
    server.hangUp();
    await vi.advanceTimersByTimeAsync(1);
    expect(stream.state()).toMatchObject({ phase: 'reconnecting' });
    await vi.advanceTimersByTimeAsync(400);
    expect(server.asked).toEqual([null, '41']);
    server.event(42);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(heard).toEqual([41, 42]);
    expect(phases).toEqual(['live', 'reconnecting', 'catching_up', 'live']);
    expect(restarts).toBe(0);
  });

  it('goes on where the server let go of it', async () => {
    await vi.advanceTimersByTimeAsync(1);
    server.event(41);
    server.say('event: dropped\ndata: {"reason":"slow","resume_after":40}\n\n');
    await vi.advanceTimersByTimeAsync(400);
    expect(server.asked).toEqual([null, '40']);
  });

  it('begins anew where the store has forgotten the place, and has everything read again', async () => {
    await vi.advanceTimersByTimeAsync(1);
    server.event(41);
    await vi.advanceTimersByTimeAsync(20);
    server.answer = () =>
      new Response(JSON.stringify({ code: 'malformed_query', detail: 'nobody can have seen 41' }), {
        status: 400,
        headers: { 'Content-Type': 'application/problem+json' },
      });
    server.hangUp();
    await vi.advanceTimersByTimeAsync(400);
    expect(restarts).toBe(1);
    server.answer = null;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(server.asked).toEqual([null, '41', null]);
  });

  it('takes a connection that is silent for too long for dead', async () => {
    await vi.advanceTimersByTimeAsync(50_000);
    expect(server.asked.length).toBeGreaterThan(1);
    expect(phases).toContain('reconnecting');
  });

  it('counts what is left out, and hears nothing twice after a return in the middle of a part', async () => {
    await vi.advanceTimersByTimeAsync(1);
    const parts: (number | undefined)[] = [];
    stream.subscribe((_, skipped) => void parts.push(skipped?.types.get('order.created')));
    const event = (sequence: number) =>
      server.say(
        `event: order.created\ndata: ${JSON.stringify({ sequence, type: 'order.created', at: new Date().toISOString() })}\n\n`,
      );
    const skipped = (to: number, types: object | null) =>
      server.say(`id: ${to}\nevent: skipped\ndata: ${JSON.stringify({ after: 1, to, at: null, types })}\n\n`);
    server.say('id: 1\n\n');
    event(2);
    event(5);
    skipped(9, { 'order.created': 6 });
    await vi.advanceTimersByTimeAsync(20);
    expect([heard, parts, stream.heard]).toEqual([[2, 5], [6], 8]);
    event(10);
    event(12);
    await vi.advanceTimersByTimeAsync(20);
    server.hangUp();
    await vi.advanceTimersByTimeAsync(400);
    expect(server.asked).toEqual([null, '9']);
    event(10);
    event(12);
    event(13);
    skipped(15, { 'order.created': 3 });
    await vi.advanceTimersByTimeAsync(20);
    expect(heard).toEqual([2, 5, 10, 12, 13]);
    expect(stream.heard).toBe(14);
    expect(restarts).toBe(0);
    skipped(90_000, null);
    expect(restarts).toBe(0);
    await vi.advanceTimersByTimeAsync(20);
    expect(restarts).toBe(1);
  });

  it('has one connection, however often it is started and stopped', async () => {
    stream.stop();
    stream.start();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(server.asked.length).toBe(2);
    server.event(1);
    await vi.advanceTimersByTimeAsync(20);
    expect(heard).toEqual([1]);
  });
});
