/** The code of docs/guide.md does what the guide says: run as it is printed. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { packageRoot } from '../../lab/package-root.ts';
import { dialled, failureOf, fetched, portOf } from './scene.ts';

type Retried = (attempt: () => Promise<unknown>, options: { repeatable: boolean; baseMs: number }) => Promise<unknown>;
type Drain = (server: Server, options: { noticeMs: number; deadlineMs: number }) => Promise<void>;
type Refuse = (request: IncomingMessage, response: ServerResponse, status: number) => void;

describe('retried()', () => {
  it.each([
    ['ECONNREFUSED', false, 3],
    ['ECONNRESET', true, 3],
    ['ECONNRESET', false, 1],
    ['ERR_TLS_CERT_ALTNAME_INVALID', true, 1],
  ])('%s, repeatable %s: %i attempts', async (code, repeatable, attempts) => {
    const { retried } = (await printed('retry.mjs')) as { retried: Retried };
    let made = 0;
    const attempt = async (): Promise<never> => {
      made++;
      throw Object.assign(new Error('failed'), { code });
    };
    expect((await failureOf(retried(attempt, { repeatable, baseMs: 1 }))).code).toBe(code);
    expect(made).toBe(attempts);
  });

  it('succeeds against a server that resets once, through fetch', async () => {
    const { retried } = (await printed('retry.mjs')) as { retried: Retried };
    let requests = 0;
    const server = createServer((request, response) => {
      if (++requests === 1) request.socket.resetAndDestroy();
      else response.end('hello');
    });
    const url = `http://127.0.0.1:${await portOf(server)}/`;
    const answer = await retried(async () => (await fetch(url)).text(), { repeatable: true, baseMs: 1 });
    expect([answer, requests]).toEqual(['hello', 2]);
  });
});

describe('drain()', () => {
  it('moves every client of a loaded server to the next one, without one failure', async () => {
    const { drain } = (await printed('drain.mjs')) as { drain: Drain };
    expect(await underLoad((server) => drain(server, { noticeMs: 1000, deadlineMs: 10_000 }))).toEqual([]);
  }, 30_000);

  it('is needed: closing all connections at once resets some', async () => {
    const failures = await underLoad(async (server) => {
      server.close();
      server.closeAllConnections();
    });
    expect(failures).toContain('ECONNRESET');
  }, 30_000);
});

describe('refuse()', () => {
  it('lets a client that sends its whole body read the answer', async () => {
    const { refuse } = (await printed('refuse.mjs')) as { refuse: Refuse };
    expect(await upload((request, response) => refuse(request, response, 413))).toMatch(/^HTTP\/1\.1 413 /);
  }, 30_000);

  it('is needed: closing at once resets the client', async () => {
    const outcome = upload((request, response) => {
      response.writeHead(413, { Connection: 'close' }).end(() => request.socket.destroy());
    });
    expect((await failureOf(outcome)).code).toMatch(/^(ECONNRESET|EPIPE)$/);
  }, 30_000);
});

/** The module that the guide prints under this file name. */
async function printed(name: string): Promise<unknown> {
  const guide = await readFile(join(packageRoot(), 'docs', 'guide.md'), 'utf8');
  const code = new RegExp(`\`\`\`js\n(// ${name}\n.*?)\`\`\``, 's').exec(guide)?.[1];
  const directory = await mkdtemp(join(tmpdir(), 'firsthand-guide-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, name);
  await writeFile(file, code!);
  return import(file);
}

/** Stops a server while eight clients ask without a pause, each until it is told to go elsewhere; what failed. */
async function underLoad(stop: (server: Server) => Promise<void>): Promise<(string | undefined)[]> {
  const server = createServer((_, response) => void setImmediate(() => response.end('hello')));
  const port = await portOf(server);
  const next = await portOf(createServer((_, response) => void response.end('welcome')));
  const failures: (string | undefined)[] = [];
  const clients = Array.from({ length: 8 }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    try {
      while ((await fetched(port, '/', { agent })).headers.connection !== 'close');
      expect((await fetched(next, '/', { agent })).body).toBe('welcome');
    } catch (error) {
      failures.push((error as NodeJS.ErrnoException).code);
    }
  });
  for (let seen = 0; seen < 200; seen++) await once(server, 'request');
  await stop(server);
  await Promise.all(clients);
  return failures;
}

/** Sends a body of 8 MB whole, whatever is answered meanwhile, and then reads; the answer. */
async function upload(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const port = await portOf(createServer(answer));
  const client = await dialled(port, { allowHalfOpen: true });
  const sizeBytes = 8_000_000;
  client.write(`POST / HTTP/1.1\r\nHost: example.net\r\nContent-Length: ${sizeBytes}\r\n\r\n`);
  client.end(Buffer.alloc(sizeBytes));
  await Promise.race([once(client, 'finish'), once(client, 'close')]);
  return text(client);
}
