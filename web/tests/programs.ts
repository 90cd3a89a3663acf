import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const HERE = new URL('../../target/debug/', import.meta.url).pathname;
/** Where the programs are; a build with the page in it. */
const BINARIES = process.env.ORDERFLOW_BIN ?? HERE;
const START_MS = 30_000;
const STOP_MS = 12_000;

/** A program that runs until it is stopped, or until this process ends, however it ends. */
export class Program {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #said: string[];

  private constructor(url: string, child: ChildProcess, said: string[]) {
    this.url = url;
    this.#child = child;
    this.#said = said;
  }

  /** Starts it, and waits until it names its address. */
  static async start(name: 'orderflow' | 'mock_gateway', args: readonly string[]): Promise<Program> {
    const path = join(BINARIES, name);
    if (!existsSync(path)) throw new Error(`${path} is not there: run \`make browser\``);
    // Where the kernel can, it ends the program together with this process.
    const [command, first] = existsSync('/usr/bin/setpriv')
      ? ['/usr/bin/setpriv', ['--pdeathsig', 'KILL', path]]
      : [path, []];
    const child = spawn(command, [...first, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '', RUST_BACKTRACE: '1' },
    });
    const said: string[] = [];
    const keep = (line: string) => {
      said.push(line);
      if (said.length > 200) said.shift();
    };
    const url = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => fail('did not say where it listens'), START_MS);
      const fail = (why: string) => {
        clearTimeout(timer);
        child.kill('SIGKILL');
        reject(new Error(`${name} ${why}:\n${said.join('\n')}`));
      };
      for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', keep);
      createInterface({ input: child.stdout }).on('line', (line) => {
        const found = /listening on (http:\/\/\S+)/.exec(line)?.[1];
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(found);
      });
      child.once('error', (error) => fail(error.message));
      child.once('exit', (code) => fail(`ended with ${String(code)}`));
    });
    return new Program(url, child, said);
  }

  /** The last lines it said. */
  get said(): string {
    return this.#said.join('\n');
  }

  /** Asks it to end, and insists where it does not. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await this.#end('SIGTERM');
    clearTimeout(timer);
  }

  /** Ends it in the middle of whatever it does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill(signal);
    await ended;
  }
}

/** A bank, and a server that uses it, with data of their own. */
export class World {
  readonly bank: Program;
  server: Program;
  readonly #data: string;

  private constructor(bank: Program, server: Program, data: string) {
    this.bank = bank;
    this.server = server;
    this.#data = data;
  }

  static async start(): Promise<World> {
    const data = mkdtempSync(join(tmpdir(), 'orderflow-browser-'));
    const bank = await Program.start('mock_gateway', ['--listen', '127.0.0.1:0']);
    const server = await Program.start('orderflow', argsOf('127.0.0.1:0', data, bank));
    return new World(bank, server, data);
  }

  get url(): string {
    return this.server.url;
  }

  /** The server dies at once; nothing is said to anybody. */
  async crash(): Promise<void> {
    await this.server.kill();
  }

  /** It comes back with the same data at the same address. */
  async comeBack(): Promise<void> {
    this.server = await Program.start('orderflow', argsOf(new URL(this.url).host, this.#data, this.bank));
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.bank.stop();
    rmSync(this.#data, { recursive: true, force: true });
  }

  /** The bank's weather: `ok` mends everything. */
  async weather(mode: 'ok' | 'down' | 'slow'): Promise<void> {
    const answer = await fetch(`${this.bank.url}/_bank/weather`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ mode }),
    });
    if (!answer.ok) throw new Error(`the bank's weather: ${answer.status} ${await answer.text()}`);
  }
}

function argsOf(listen: string, data: string, bank: Program): string[] {
  return [
    'serve',
    ...['--listen', listen],
    ...['--data', data],
    ...['--gateway-url', bank.url],
    // Breakers try again soon, so that what is mended is seen to be.
    ...['--set', 'gateway.breaker_open_first_ms=200'],
    ...['--set', 'gateway.breaker_open_max_ms=1000'],
  ];
}
