import { QueryClient } from '@tanstack/react-query';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { address, asRefresh, get, mayRetry, post } from './call';
import { ApiProblem, Unreachable, problemOf, retryAfterMs, sentence } from './problem';
import { Refresher, intervalMs, topicsOf } from './refresh';
import { backoffMs } from './stream';

describe('an address', () => {
  it('has its words filled in and encoded', () => {
    expect(
      address('/v1/inventory/{sku}/ledger', { sku: 'A/B é' }, { limit: 5, cursor: undefined, q: '' }),
    ).toBe('/v1/inventory/A%2FB%20%C3%A9/ledger?limit=5');
  });
  it('is refused without its words', () => {
    expect(() => address('/v1/orders/{id}')).toThrow('needs id');
  });
});

describe('a refusal', () => {
  it('is read from a problem document', async () => {
    const body = {
      type: 't',
      title: 'Over its rate',
      status: 429,
      detail: 'too many',
      code: 'rate_exceeded',
      request_id: 'r',
    };
    const answer = new Response(JSON.stringify(body), {
      status: 429,
      headers: { 'Content-Type': 'application/problem+json', 'Retry-After': '2' },
    });
    const problem = await problemOf(answer);
    expect(problem).toMatchObject({
      code: 'rate_exceeded',
      requestId: 'r',
      retryAfterMs: 2000,
      isPassing: true,
    });
    expect(sentence(problem)).toBe('Too many');
  });
  it('is made of anything else, too', async () => {
    const problem = await problemOf(
      new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'Content-Type': 'text/html' } }),
    );
    expect(problem).toMatchObject({ status: 502, code: 'http_502' });
    const cut = await problemOf(
      new Response('{"code": "x', { status: 500, headers: { 'Content-Type': 'application/json' } }),
    );
    expect(cut.code).toBe('http_500');
  });
  it('may name seconds or a date to wait for', () => {
    expect(retryAfterMs('1.5', 0)).toBe(1500);
    expect(retryAfterMs('Sat, 21 Nov 2026 12:00:05 GMT', Date.UTC(2026, 10, 21, 12))).toBe(5000);
    expect(retryAfterMs('Sat, 21 Nov 2026 11:00:00 GMT', Date.UTC(2026, 10, 21, 12))).toBe(0);
    expect(retryAfterMs('soon', 0)).toBeNull();
    expect(retryAfterMs(null, 0)).toBeNull();
  });
  it('is asked again only where that may help', () => {
    const of = (status: number) => new ApiProblem({ status, code: 'c', title: 't', detail: 'd' }, null);
    expect(mayRetry(0, of(503))).toBe(true);
    expect(mayRetry(2, of(503))).toBe(false);
    expect(mayRetry(0, of(404))).toBe(false);
    expect(mayRetry(1, new Unreachable(null))).toBe(true);
    expect(mayRetry(0, new TypeError('a mistake of ours'))).toBe(false);
  });
});

describe('the stream', () => {
  it('comes back soon at first, later after that, and never all at once', () => {
    const least = Array.from({ length: 12 }, (_, nth) => backoffMs(nth, 0));
    const most = Array.from({ length: 12 }, (_, nth) => backoffMs(nth, 1));
    expect(most[0]).toBe(250);
    expect(Math.max(...most)).toBe(8_000);
    for (const [nth, shortest] of least.entries()) expect(shortest).toBeLessThan(most[nth] ?? 0);
    expect([...most].sort((a, b) => a - b)).toEqual(most);
  });
  it('says what an event makes old', () => {
    expect(topicsOf('order.created')).toEqual(['stats', 'orders']);
    expect(topicsOf('inventory.threshold_reached')).toContain('inventory');
    expect(topicsOf('alert.raised')).toContain('alerts');
    expect(topicsOf('fraud.review_opened')).toContain('reviews');
    expect(topicsOf('fraud.assessed')).toEqual(['stats']);
    expect(topicsOf('shipment.in_transit')).toEqual(['orders']);
    expect(topicsOf('something_new')).toEqual([]);
  });
  it('is asked less often where much happens', () => {
    expect(intervalMs(0)).toBeLessThan(intervalMs(100));
    expect(intervalMs(100)).toBeLessThan(intervalMs(2_000));
  });
});

describe('what is read again because of events', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('may be a moment old, unless something was done here just now', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    await vi.advanceTimersByTimeAsync(60_000);
    const ages: (string | null)[] = [];
    vi.stubGlobal('fetch', async (_: string, init: { headers: Headers }) => {
      ages.push(init.headers.get('Cache-Control'));
      return new Response('{}', { status: 200 });
    });
    const client = new QueryClient();
    const read = {
      queryKey: ['acme', 'stats'],
      queryFn: () => get('/v1/dashboard/stats', { store: 'acme' }),
    };
    const { QueryObserver } = await import('@tanstack/react-query');
    const leave = new QueryObserver(client, read).subscribe(() => undefined);
    const refresher = new Refresher(client, 'acme');
    const created = { type: 'order.created' } as Parameters<typeof refresher.hear>[0][number];
    await vi.advanceTimersByTimeAsync(100);
    expect(ages).toEqual([null]);
    refresher.hear([created]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(ages).toEqual([null, 'max-age=1']);
    refresher.hear([], { types: new Map([['order.created', 3]]), total: 3, at: null, to: 3 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(ages).toEqual([null, 'max-age=1', 'max-age=1']);
    await post('/v1/orders/{id}/retry', { store: 'acme', path: { id: 'ord_1' } });
    refresher.hear([created]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(ages).toEqual([null, 'max-age=1', 'max-age=1', null, null]);
    asRefresh(() => undefined);
    await client.refetchQueries();
    expect(ages.at(-1)).toBeNull();
    leave();
    refresher.stop();
  });
});
