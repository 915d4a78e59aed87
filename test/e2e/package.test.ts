/** The package as a user gets it: packed, installed into an empty project, run and compiled against. */
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENV, ROOT, type Ran, run } from './bin.ts';

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const NPM_ENV = { ...ENV, npm_config_loglevel: 'error', npm_config_update_notifier: 'false' };
const CAPTURE = 'node_modules/firsthand/test/captures/refused/fires-closed-port-v4.pcap';
let project = '';
let packed: Packed;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'firsthand-e2e-'));
  // The build exists already, and must not be written anew while other tests run it.
  const { out } = await ok('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', project], ROOT);
  packed = (JSON.parse(out) as readonly Packed[])[0]!;
  process.stderr.write(
    `\n${packed.filename}: ${packed.size} bytes packed, ${packed.unpackedSize} unpacked, ${packed.files.length} files\n`,
  );
  await writeFile(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
  await ok('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${packed.filename}`]);
}, 120_000);

afterAll(() => rm(project, { recursive: true, force: true }));

describe('the packed package', () => {
  it('holds what it promises and nothing that only tests need', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(exportedFiles()));
    expect(paths).toEqual(expect.arrayContaining(['bin/firsthand.js', 'docs/client.md', 'examples/client-fetch.mjs']));
    expect(paths.some((path) => /^test\/captures\/.*\.pcap$/.test(path))).toBe(true);
    expect(paths.filter((path) => /\.test\.|^src\/|^(bench|fuzz)\/|(^|\/)testing\//.test(path))).toEqual([]);
    expect(packed.unpackedSize).toBeLessThan(5_000_000);
  });

  it('installs with its dependencies and no others', async () => {
    const names = (await readdir(join(project, 'node_modules'))).filter((name) => !name.startsWith('.'));
    expect(names.toSorted()).toEqual(['cockatiel', 'commander', 'firsthand', 'fzstd']);
  });

  it('loads firsthand/server and firsthand/socket without any optional package', async () => {
    const { out } = await script(`
      import { drain, idempotency, memoryStore } from 'firsthand/server';
      import { halfClose, keepAlive, lingeringClose } from 'firsthand/socket';
      import { once } from 'node:events';
      import { createServer } from 'node:http';
      import { connect } from 'node:net';
      const server = createServer(idempotency({ store: memoryStore() }).handler((_, response) => response.end('made')));
      const stop = drain(server, { propagationDelayMs: 0, idleGraceMs: 0, signals: false });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address();
      const post = () => fetch('http://127.0.0.1:' + port, { method: 'POST', headers: { 'idempotency-key': '"k"' } });
      const [first, again] = [await post(), await post()];
      const socket = connect(port, '127.0.0.1');
      const { idleMs, userTimeoutMs } = await keepAlive(socket).settled;
      await halfClose(socket);
      const { cut } = await stop.start();
      console.log(JSON.stringify([
        await first.text(), await again.text(), again.headers.get('idempotent-replayed'),
        idleMs.value, userTimeoutMs.value, userTimeoutMs.why, typeof lingeringClose, cut,
      ]));
    `);
    const why = expect.stringContaining('the optional package koffi is not installed (npm install koffi)') as string;
    expect(JSON.parse(out)).toEqual(['made', 'made', 'true', 60_000, null, why, 'function', []]);
  });

  it('says in one line which package is missing', async () => {
    const { out } = await script(`
      import { lmdbStore, postgresStore, redisStore } from 'firsthand/server';
      const said = (error) => console.log(error.message);
      await import('firsthand/client').catch(said);
      for (const make of [() => lmdbStore('db'), () => redisStore({}), () => postgresStore({})])
        try { make(); } catch (error) { said(error); }
    `);
    expect(out.trimEnd().split('\n')).toEqual([
      'firsthand/client needs the package undici: npm install undici@7',
      'lmdbStore needs the package lmdb: npm install lmdb',
      'redisStore needs a client of the package ioredis',
      'postgresStore needs a Pool of the package pg',
    ]);
  });

  it('runs by npx', async () => {
    expect((await ok('npx', ['--no-install', 'firsthand', '--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { out, err } = await ok('npx', ['--no-install', 'firsthand', 'read', CAPTURE]);
    expect(out).toMatch(/^1 connection, refused by the server/);
    expect(err).toBe('');
  });

  it('reads captures by both of its names, and gives the schema by a third', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
    const { out } = await script(`
      import { CaptureError, readCapture } from 'firsthand';
      import { readCapture as readBlob } from 'firsthand/browser';
      import { createRequire } from 'node:module';
      import { readFile } from 'node:fs/promises';
      const schema = createRequire(import.meta.url)('firsthand/schema/report-v1.json');
      const bytes = await readFile('${CAPTURE}');
      const [file, blob] = [await readCapture('${CAPTURE}'), await readBlob(new Blob([bytes]))];
      const error = await readCapture(new Uint8Array(0)).catch((error) => error);
      console.log(JSON.stringify([
        file.resets[0].cause.id, blob.resets[0].cause.id, file.tool.version, schema.$schema, CaptureError.is(error), error.code,
      ]));
    `);
    expect(JSON.parse(out)).toEqual([
      'refused',
      'refused',
      version,
      'https://json-schema.org/draft/2020-12/schema',
      true,
      'ERR_FIRSTHAND_EMPTY',
    ]);
  });

  it('gives the schema to an import with attributes', async () => {
    const { out } = await script(`
      import schema from 'firsthand/schema/report-v1.json' with { type: 'json' };
      console.log(schema.properties.schemaVersion !== undefined);
    `);
    expect(out).toBe('true\n');
  });

  it('hides everything else', async () => {
    const { code, err } = await run('node', ['-e', "import('firsthand/dist/src/cli/main.js')"], { cwd: project });
    expect(code).not.toBe(0);
    expect(err).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('runs its client beside undici, once that is installed', async () => {
    await install('undici');
    const { out } = await script(`
      import { ConnectionError, createClient, ERROR_CODES, keepAliveAgent, withRetry } from 'firsthand/client';
      import { drain } from 'firsthand/server';
      import { once } from 'node:events';
      import { createServer, get } from 'node:http';
      let runs = 0;
      const server = createServer((request, response) => {
        runs += 1;
        if (runs === 1) request.socket.resetAndDestroy();
        response.end(request.headers['idempotency-key'] ?? 'no key');
      });
      const stop = drain(server, { propagationDelayMs: 0, idleGraceMs: 0, signals: false });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const url = 'http://127.0.0.1:' + server.address().port;
      const client = createClient({ retry: { minDelayMs: 1, maxAttempts: 2 } });
      const response = await client.fetch(url, { method: 'POST', body: 'x' });
      console.log(response.status, runs, /^"[0-9a-f-]{32,36}"$/.test(await response.text()));
      const agent = keepAliveAgent();
      const [{ statusCode }] = await withRetry(() => once(get(url, { agent }), 'response'), { idempotent: true });
      agent.destroy();
      await stop.start();
      const { cause } = await client.fetch(url).catch((error) => error);
      console.log(statusCode, cause instanceof ConnectionError, cause.code, cause.code in ERROR_CODES, cause.execution);
      await client.close();
    `);
    expect(out).toBe('200 2 true\n200 true ERR_FIRSTHAND_RETRIES_EXHAUSTED true not-executed\n');
  });

  it('compiles in a strict TypeScript project, and its types catch a mistake', async () => {
    await install('undici');
    const consumer = `
      import { CAUSE_IDS, CaptureError, readCapture, type CauseId, type Report } from 'firsthand';
      import { readCapture as readBlob } from 'firsthand/browser';
      import schema from 'firsthand/schema/report-v1.json' with { type: 'json' };
      import { connect } from 'node:net';
      import { Agent } from 'undici';
      import {
        type Attempt, circuitBreaker, type Client, ConnectionError, createClient, idempotencyKey, installGlobalFetch,
        keepAliveAgent, retry, retryBudget, type RetryOptions, staleReuse, withRetry,
      } from 'firsthand/client';
      import { halfClose, keepAlive, lingeringClose } from 'firsthand/socket';

      const report: Report = await readCapture('c.pcap', { onReset: ({ sender }) => console.log(sender.address) });
      const ids: CauseId[] = report.resets.map(({ cause }) => cause.id);
      const again: Report = await readBlob(new Blob([]), { name: 'c.pcap' });
      console.log(ids, again.summary.rstPackets, CAUSE_IDS.length, schema.$schema, CaptureError.is(null));

      const options: RetryOptions = { maxAttempts: 3, budget: retryBudget({ ratio: 0.1 }), statusCodes: [503] };
      const onAttempt = ({ sent, phase }: Attempt): void => console.log(sent, phase);
      const client: Client = createClient({ retry: options, onAttempt });
      const undo: () => void = installGlobalFetch(client);
      const agent = new Agent().compose(retry(options), staleReuse(), circuitBreaker(), idempotencyKey());
      const length: number = await withRetry(async ({ key }) => key.length, { idempotent: true });
      const error: unknown = undo;
      if (error instanceof ConnectionError)
        console.log(error.attempts.length, error.execution satisfies 'not-executed' | 'maybe-executed');
      const socket = connect(1);
      keepAlive(socket, { idleMs: 60_000, intervalMs: 15_000, count: 4, userTimeoutMs: 120_000 });
      await halfClose(socket);
      await lingeringClose(socket, { deadlineMs: 1000 });
      console.log(agent, length, keepAliveAgent({ protocol: 'https' }).maxSockets);
      // @ts-expect-error there is no such option
      createClient({ retries: 3 });
    `;
    expect(await compile(consumer, { skipLibCheck: false })).toEqual({ code: 0, out: '', err: '' });
    const { code, out } = await compile(`${consumer}\nconst wrong: 'gremlins' = report.resets[0]!.cause.id;\n`);
    expect(code).not.toBe(0);
    expect(out).toMatch(/TS2322: Type '.*' is not assignable to type '"gremlins"'/);
  });

  it('compiles with firsthand/server, whose types need none of its optional packages', async () => {
    const consumer = `
      import { createServer } from 'node:http';
      import { type Drain, drain, type DrainReport, idempotency, memoryStore, type Store } from 'firsthand/server';
      const store: Store = memoryStore();
      const i = idempotency({ store, recover: ({ key }) => (key === 'x' ? 'run-again' : { status: 200 }) });
      const server = createServer(i.handler(async (request, response) => {
        const made: number | undefined = await request.idempotency?.transact(() => 1);
        response.end(String(made));
      }));
      const stop: Drain = drain(server, { deadlineMs: 25_000 });
      const { cut }: DrainReport = await stop.start();
      console.log(cut.map(({ remote, request }) => remote + request));
      // @ts-expect-error there is no such option
      drain(server, { deadline: 25_000 });
    `;
    expect(await compile(consumer, { skipLibCheck: false })).toEqual({ code: 0, out: '', err: '' });
  });
});

async function compile(text: string, options: { readonly skipLibCheck?: boolean } = {}): Promise<Ran> {
  const compilerOptions = {
    module: 'NodeNext',
    target: 'ES2023',
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
    resolveJsonModule: true,
    skipLibCheck: false,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
    ...options,
  };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
  await writeFile(join(project, 'consumer.ts'), text);
  return run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', '.'], { cwd: project });
}

/** What `exports` of package.json names, types and code. */
function exportedFiles(): string[] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  };
  const targets = Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? target : Object.values(target),
  );
  return targets.map((path) => path.replace('./', ''));
}

/** Runs a program that must succeed. */
async function ok(command: string, args: readonly string[], cwd: string = project): Promise<Ran> {
  const ran = await run(command, args, { cwd, env: NPM_ENV });
  expect(ran.code, `${command} ${args.join(' ')}: ${ran.err}`).toBe(0);
  return ran;
}

/** Puts a package beside ours, as the user's own npm install would. */
async function install(name: string): Promise<void> {
  await cp(join(ROOT, 'node_modules', name), join(project, 'node_modules', name), { recursive: true });
}

async function script(text: string): Promise<Ran> {
  await writeFile(join(project, 'script.js'), text);
  return ok('node', ['script.js']);
}
