/** Every example runs against the built package, ends by itself and prints what is written here. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ENV, ROOT, run, start } from './bin.ts';

const EXAMPLES = join(ROOT, 'examples');
/** Folders whose files other tests run or read. */
const FOLDERS = ['deploy', 'register'];

/** What a line is: these words, or anything that matches. */
type Line = string | RegExp;

const SURVIVES: readonly Line[] = [
  '201 {"order":1,"item":"tea"}, replayed: true',
  'orders made: 1',
  'ready: 200',
  'after SIGTERM: 200 the whole report, connection: close',
  'ready: 503',
  'drained, 0 cut',
];

const REPLAYS: readonly Line[] = [
  'first 201 {"order":1,"item":"tea"} replayed: null',
  'retry 201 {"order":1,"item":"tea"} replayed: true',
];

/** All that each example prints. */
const PRINTED: Readonly<Record<string, readonly Line[]>> = {
  'axios-agent.mjs': [
    'first: 200 ok, connections so far: 1',
    'second: 200 ok, connections so far: 1',
    'after the server closed: 200 ok, connections so far: 2',
  ],
  'axios-client.mjs': [
    'attempt 1: ECONNRESET',
    'attempt 2: 201',
    '201 order 1, replayed: true, orders made: 1',
    'AxiosError Network Error: ERR_FIRSTHAND_MAYBE_EXECUTED, maybe-executed, retry: safe-with-idempotency-key',
  ],
  'client-fetch.mjs': [
    'fetch alone: ECONNRESET, orders made: 1',
    'attempt 1: sent yes, ECONNRESET',
    'attempt 2: sent yes, 201',
    'client.fetch: 201 order 2, replayed: true, orders made: 2',
  ],
  'client-http.mjs': ['attempt 1: ECONNRESET', 'answered: order 1, orders made: 1'],
  'drain-http.mjs': [
    /^process \d+ listens on http:\/\/127\.0\.0\.1:\d+$/,
    /^drained in \d+ ms: 0 connections ended, 0 cut$/,
  ],
  'got-agent.mjs': [
    'first: ok, connections so far: 1',
    'second: ok, connections so far: 1',
    'after the server closed: ok, connections so far: 2',
  ],
  'got-client.mjs': [
    "got's own retry: ECONNRESET, because it never repeats a POST; orders made: 1",
    'withRetry: 201 order 1, replayed: true, orders made: 1',
  ],
  'idempotency-express.mjs': [...REPLAYS, 'orders made: 1'],
  'idempotency-fastify.mjs': [...REPLAYS, 'orders made: 1'],
  'idempotency-hono.mjs': [...REPLAYS, 'somebody else 201 {"order":2,"item":"tea"} replayed: null', 'orders made: 2'],
  'idempotency-http.mjs': [...REPLAYS, 'other body 422 Idempotency-Key was used for another request', 'orders made: 1'],
  'server-express.mjs': SURVIVES,
  'server-fastify.mjs': SURVIVES,
  'server-hono.mjs': SURVIVES,
  'server-nestjs.mjs': SURVIVES,
  'socket-keepalive.mjs': [
    /^┌/,
    /value.*how.*verified.*why/,
    /^├/,
    // Natively or by koffi, as this Node can; the value is what counts.
    /^│ idleMs .* 60000 .* true /,
    /^│ intervalMs .* 15000 .* true /,
    /^│ count .* 4 .* true /,
    /^│ userTimeoutMs .* 120000 .* true /,
    /^└/,
    'client: thank you, that was enough',
    'server: eof, discarded the rest',
  ],
  'with-retry.mjs': [
    'done read, attempts: 3',
    'add 1: ERR_FIRSTHAND_MAYBE_EXECUTED, attempts: 1, maybe-executed, retry safe-with-idempotency-key',
    'read: ERR_FIRSTHAND_RETRIES_EXHAUSTED, attempts: 3, maybe-executed, retry safe',
    'add 1: ERR_FIRSTHAND_RETRIES_EXHAUSTED, attempts: 2, not-executed, retry safe',
  ],
};

/** Those that wait to be stopped: the line after which a SIGTERM is sent. */
const STOPPED_AFTER: Readonly<Record<string, RegExp>> = { 'drain-http.mjs': /listens on/ };

describe('examples', () => {
  it('are all expected here, and nothing else is', () => {
    const files = readdirSync(EXAMPLES, { withFileTypes: true });
    const programs = files.filter((file) => file.isFile()).map(({ name }) => name);
    expect(programs.toSorted()).toEqual(Object.keys(PRINTED).toSorted());
    expect(files.filter((file) => file.isDirectory()).map(({ name }) => name)).toEqual(FOLDERS);
  });

  it.each(Object.entries(PRINTED))('%s', async (name, expected) => {
    const { code, out, err } = await runExample(name);
    const lines = out.trimEnd().split('\n');
    // A line that matches its pattern stands for it, so that one comparison shows all that differs.
    const toWords = (line: Line, at: number): string =>
      typeof line === 'string' ? line : line.test(lines[at] ?? '') ? lines[at]! : String(line);
    expect({ code, err, lines }).toEqual({ code: 0, err: '', lines: expected.map(toWords) });
  });

  it.each(Object.keys(PRINTED))('%s says at its head how to run it', (name) => {
    const [head] = readFileSync(join(EXAMPLES, name), 'utf8').split('\n');
    expect(head).toContain(`node examples/${name}`);
  });
});

describe('examples/register', () => {
  it('are run by their own tests', () => {
    const test = readFileSync(join(ROOT, 'test/e2e/register.test.ts'), 'utf8');
    expect(test).toContain('examples/register/app.mjs');
    for (const name of readdirSync(join(EXAMPLES, 'register/stacks')).filter((one) => one !== 'drive.mjs')) {
      expect(test).toContain(`'${basename(name, '.mjs')}'`);
    }
  });
});

describe('examples/deploy', () => {
  const kubernetes = readFileSync(join(EXAMPLES, 'deploy/kubernetes.yaml'), 'utf8');
  const service = readFileSync(join(EXAMPLES, 'deploy/app.service'), 'utf8');
  const socket = readFileSync(join(EXAMPLES, 'deploy/app.socket'), 'utf8');

  it.each([
    ['kubernetes.yaml', /command: \['node', '(.+)'\]/.exec(kubernetes)],
    ['app.service', /^ExecStart=\S+ (.+)$/m.exec(service)],
  ])('%s starts a program that is there', (_, command) => {
    expect(existsSync(join(ROOT, command![1]!))).toBe(true);
    expect(command![1]).toBe('examples/drain-http.mjs');
  });

  it('gives the drain more time than its deadline', () => {
    const deadlineMs = numberIn(program(), /deadlineMs: ([\d_]+)/);
    expect(numberIn(kubernetes, /terminationGracePeriodSeconds: (\d+)/) * 1000).toBeGreaterThan(deadlineMs);
    expect(numberIn(service, /^TimeoutStopSec=(\d+)$/m) * 1000).toBeGreaterThan(deadlineMs);
  });

  it('lets every probe fail once before the listener closes', () => {
    const readiness = /readinessProbe:[^]*?(?=livenessProbe:)/.exec(kubernetes)![0];
    const probesMs =
      numberIn(readiness, /periodSeconds: (\d+)/) * numberIn(readiness, /failureThreshold: (\d+)/) * 1000;
    expect(numberIn(kubernetes, /PROPAGATION_DELAY_MS, value: '(\d+)'/)).toBeGreaterThan(probesMs);
  });

  it('asks for paths, a port and settings that the program has', () => {
    const paths = [...kubernetes.matchAll(/path: (\/\w+)/g)].map(([, path]) => path!);
    expect(paths).toHaveLength(2);
    for (const path of paths) expect(program()).toContain(`request.url === '${path}'`);
    const settings = [...`${kubernetes}\n${service}`.matchAll(/name: ([A-Z_]+),|^Environment=([A-Z_]+)=/gm)];
    expect(settings).toHaveLength(4);
    for (const [, inPod, inUnit] of settings) expect(program()).toContain(inPod ?? inUnit);
    const port = numberIn(kubernetes, /name: PORT, value: '(\d+)'/);
    expect(numberIn(kubernetes, /containerPort: (\d+)/)).toBe(port);
    expect(numberIn(socket, /^ListenStream=(\d+)$/m)).toBe(port);
  });

  it('answers the probes as they are configured', async () => {
    const { child, line, ended } = startExample('drain-http.mjs', '3000');
    const url = /http:\S+$/.exec(await line('stdout', /listens on/))![0];
    const status = async (path: string): Promise<number> => (await fetch(url + path)).status;
    expect([await status('/live'), await status('/ready')]).toEqual([200, 200]);
    child.kill('SIGTERM');
    await expect.poll(() => status('/ready')).toBe(503);
    expect(await status('/live')).toBe(200);
    expect((await ended).code).toBe(0);
  });

  function program(): string {
    return readFileSync(join(EXAMPLES, 'drain-http.mjs'), 'utf8');
  }
});

function runExample(name: string): ReturnType<typeof run> {
  const after = STOPPED_AFTER[name];
  if (after === undefined) return run(process.execPath, [`examples/${name}`], { cwd: ROOT });
  const { child, line, ended } = startExample(name, '0');
  return line('stdout', after).then(() => {
    child.kill('SIGTERM');
    return ended;
  });
}

function startExample(name: string, PROPAGATION_DELAY_MS: string): ReturnType<typeof start> {
  const env = { ...ENV, PROPAGATION_DELAY_MS };
  return start(process.execPath, [`examples/${name}`], { cwd: ROOT, env });
}

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)![1]!.replaceAll('_', ''));
}
