import { describe, expect, it } from 'vitest';
import { SseReader } from './sse';

const TEXT = [
  'retry: 1000\nid: 41\n\n',
  'id: 42\nevent: order.created\ndata: {"a":1}\n\n',
  ': heartbeat\nid: 43\n\n',
  'id: 44\r\nevent: x\r\ndata: one\r\ndata:two\r\n\r\n',
].join('');

describe('server-sent events', () => {
  it('are read the same however the text is cut', () => {
    const whole = new SseReader().read(TEXT);
    expect(whole).toEqual([
      { id: '42', event: 'order.created', data: '{"a":1}' },
      { id: '44', event: 'x', data: 'one\ntwo' },
    ]);
    for (let size = 1; size < TEXT.length; size += 1) {
      const reader = new SseReader();
      const pieces = [];
      for (let at = 0; at < TEXT.length; at += size) pieces.push(...reader.read(TEXT.slice(at, at + size)));
      expect(pieces, `in pieces of ${size}`).toEqual(whole);
      expect(reader.lastId).toBe('44');
    }
  });

  it('count an id that comes without an event', () => {
    const reader = new SseReader();
    expect(reader.read('retry: 1000\nid: 7\n\n')).toEqual([]);
    expect(reader.lastId).toBe('7');
  });

  it('keep what is not whole yet', () => {
    const reader = new SseReader();
    expect(reader.read('data: half')).toEqual([]);
    expect(reader.read(' a line\n')).toEqual([]);
    expect(reader.read('\n')).toEqual([{ id: '', event: 'message', data: 'half a line' }]);
  });
});
