// The vocabulary of these tests: a bank of one's own (the real program, on a free port), shops at it (the official SDK,
// unmodified), and an address that is told.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import Stripe from 'stripe';

const PROGRAM =
  process.env.MOCK_GATEWAY_BIN ?? new URL('../../../target/debug/mock_gateway', import.meta.url).pathname;

let shops = 0;

export class Bank {
  /** Starts a bank; stopped when the file's tests are done. With `data`, it remembers. */
  static async open({ data = false } = {}) {
    const bank = new Bank();
    bank.folder = data ? mkdtempSync(join(tmpdir(), 'bank-')) : null;
    await bank.start();
    after(() => bank.close());
    return bank;
  }

  async start() {
    const file = this.folder ? ['--data', join(this.folder, 'bank.jsonl')] : [];
    this.process = spawn(PROGRAM, ['--listen', '127.0.0.1:0', ...file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: this.process.stdout });
    const [line] = await once(lines, 'line');
    this.url = line.replace('mock_gateway listening on ', '');
  }

  async kill() {
    const gone = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await gone;
  }

  async close() {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const gone = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      await gone;
    }
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
  }

  /** The SDK, as an account that nobody else has. */
  shop(options = {}) {
    shops += 1;
    return this.shopOf(`sk_test_${process.pid}_${shops}`, options);
  }

  shopOf(key, options = {}) {
    const { hostname, port } = new URL(this.url);
    const usual = { host: hostname, port, protocol: 'http', maxNetworkRetries: 0, telemetry: false };
    return new Stripe(key, { ...usual, ...options });
  }

  /** The bank's own control surface. */
  async control(method, path, body) {
    const response = await fetch(`${this.url}/_bank/${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const answer = await response.json();
    assert.equal(response.status, 200, JSON.stringify(answer));
    return answer;
  }

  weather(weather, store) {
    return this.control('PUT', store ? `weather?store_id=${store}` : 'weather', weather);
  }

  /** Types and amounts of what really happened to an intent, oldest first. */
  async movements(intent) {
    const { data } = await this.control('GET', 'ledger');
    return data.filter((row) => row.payment_intent === intent).map((row) => [row.type, row.amount]);
  }

  /** How often a route was called. */
  async calls(route) {
    return (await this.control('GET', 'stats')).requests[route] ?? 0;
  }

  async challenge(intent, outcome) {
    return this.control('POST', `challenges/${intent.id}`, { outcome });
  }
}

/** A good card, charged at once. */
export const SALE = {
  amount: 1999,
  currency: 'usd',
  payment_method: 'pm_card_visa',
  payment_method_types: ['card'],
  confirm: true,
};
/** The same, but the money is only held. */
export const HOLD = { ...SALE, capture_method: 'manual' };

/** Insists on an error of this type with these properties. */
export async function refused(promise, type, properties = {}) {
  const error = await promise.then(
    (answer) => assert.fail(`it was not refused: ${JSON.stringify(answer)}`),
    (error) => error,
  );
  assert.equal(error.type, type, `${error.type}: ${error.message}`);
  for (const [name, value] of Object.entries(properties)) assert.equal(error[name], value, name);
  return error;
}

/** Asks again until it is so, for at most ten seconds. */
export async function until(what, isSo) {
  const end = Date.now() + 10_000;
  for (;;) {
    const answer = await isSo();
    if (answer) return answer;
    if (Date.now() > end) assert.fail(`never so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** An address that is told, and keeps what it hears as raw bytes. */
export async function listener() {
  const heard = [];
  const says = { status: 200 };
  const server = createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      heard.push({ body: Buffer.concat(pieces), signature: request.headers['stripe-signature'] });
      response.writeHead(says.status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const count = (n) => until(`${n} notices came`, () => heard.length >= n);
  return { url: `http://127.0.0.1:${server.address().port}/hooks`, heard, says, count };
}
