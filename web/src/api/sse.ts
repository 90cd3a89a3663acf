/** One message of a stream of server-sent events. */
export interface Message {
  /** The last id that was named, this message's or an earlier one's. */
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/**
 * Reads server-sent events out of text that comes in pieces, as the HTML standard has it: lines end in CR, LF or both, fields
 * without a colon are names, one space after the colon is not part of the value.
 */
export class SseReader {
  #rest = '';
  #data: string[] = [];
  #event = '';
  #lastId = '';
  #sawCr = false;

  /** The id that a new connection goes on from; empty where none was named. */
  get lastId(): string {
    return this.#lastId;
  }

  /** The messages that this piece completes. An id alone completes none, but counts. */
  read(piece: string): Message[] {
    const messages: Message[] = [];
    let text = piece;
    if (this.#sawCr && text.startsWith('\n')) text = text.slice(1);
    this.#sawCr = text === '' ? this.#sawCr : text.endsWith('\r');
    text = this.#rest + text;
    let from = 0;
    for (;;) {
      const end = lineEnd(text, from);
      if (end === -1) break;
      this.#line(text.slice(from, end), messages);
      from = end + (text[end] === '\r' && text[end + 1] === '\n' ? 2 : 1);
    }
    this.#rest = text.slice(from);
    return messages;
  }

  #line(line: string, messages: Message[]): void {
    if (line === '') {
      if (this.#data.length > 0) {
        messages.push({ id: this.#lastId, event: this.#event || 'message', data: this.#data.join('\n') });
      }
      this.#data = [];
      this.#event = '';
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? line : line.slice(0, colon);
    let value = colon === -1 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#lastId = value;
  }
}

function lineEnd(text: string, from: number): number {
  const lf = text.indexOf('\n', from);
  const cr = text.indexOf('\r', from);
  if (cr === -1) return lf;
  return lf === -1 ? cr : Math.min(lf, cr);
}

/** The messages of a stream, part by part as they come over the line. `reader` is asked for the last id. */
export async function* partsOf(
  body: ReadableStream<Uint8Array>,
  reader: SseReader = new SseReader(),
): AsyncGenerator<readonly Message[]> {
  const bytes = body.getReader();
  const text = new TextDecoder();
  for (;;) {
    const { done, value } = await bytes.read();
    if (done) return;
    yield reader.read(text.decode(value, { stream: true }));
  }
}
