/** The types as an application gets them: declarations only, checked too, and none of the optional packages installed. */
import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryDirectory } from './testing/daemon.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const directory = temporaryDirectory('types');

beforeAll(async () => {
  const built = path.join(directory, 'node_modules/firsthand');
  write('build.json', {
    extends: path.join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      emitDeclarationOnly: true,
      rootDir: path.join(ROOT, 'src'),
      outDir: path.join(built, 'types'),
      typeRoots: [path.join(ROOT, 'node_modules/@types')],
    },
    include: [],
    files: [path.join(ROOT, 'src/resilience/server/index.ts')],
  });
  expect(await tsc('build.json')).toBe('');
  write('node_modules/firsthand/package.json', {
    name: 'firsthand',
    version: '0.0.0',
    type: 'module',
    exports: { './server': { types: './types/resilience/server/index.d.ts' } },
  });
  write('package.json', { name: 'consumer', type: 'module' });
  for (const name of ['fastify', 'hono', '@hono']) link(name);
}, 60_000);

afterAll(() => {
  fs.rmSync(directory, { recursive: true, force: true });
});

test('nothing of lmdb, pg and ioredis is needed', async () => {
  const consumer = `
    import { createServer } from 'node:http';
    import {
      idempotency, type LmdbEnvironment, lmdbStore, type LmdbTransaction, memoryStore, type PostgresPool, postgresStore,
      redisStore, type RedisClient, type Store,
    } from 'firsthand/server';
    const store: Store = memoryStore({ maxBytes: 1 });
    const server = createServer(idempotency({ store }).handler(async (request, response) => {
      const total: number | undefined = await request.idempotency?.transact((tx: LmdbTransaction) => {
        tx.db('orders').put([1, 'a'], { total: 2 });
        return 2;
      });
      response.end(String(total));
    }));
    const lmdb = lmdbStore('keys', { durable: true });
    const database: LmdbEnvironment = lmdb.database;
    const orders = database.openDB<{ total: number }, string>({ name: 'orders' });
    for (const { key, value } of orders.getRange({ limit: 10 })) console.log(key.length, value.total);
    declare const pool: PostgresPool;
    declare const redis: RedisClient;
    console.log(server, postgresStore(pool).transactional, redisStore(redis));
    // @ts-expect-error there is no such option
    lmdbStore('keys', { durability: true });
  `;
  expect(await compile(consumer)).toBe('');
}, 60_000);

test('a mistake is found', async () => {
  const said = await compile(`import { memoryStore } from 'firsthand/server';\nmemoryStore().claim(1, '', 1);\n`);
  expect(said).toContain('TS2345');
}, 60_000);

test('Fastify and Hono know `idempotency` when told as the documentation says', async () => {
  const documented = fs.readFileSync(path.join(ROOT, 'docs/idempotency.md'), 'utf8');
  const [, section = ''] = documented.split('## Types');
  const blocks = [...section.matchAll(/```ts\n(.*?)```/gs)].map(([, text]) => text!);
  expect(blocks).toHaveLength(2);
  // What other packages declare is not ours to check.
  for (const text of blocks) expect(await compile(text, { skipLibCheck: true })).toBe('');
}, 60_000);

async function compile(text: string, options: object = {}): Promise<string> {
  write('consumer.ts', text);
  write('tsconfig.json', {
    compilerOptions: {
      module: 'NodeNext',
      target: 'ES2023',
      strict: true,
      noEmit: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      types: ['node'],
      typeRoots: [path.join(ROOT, 'node_modules/@types')],
      ...options,
    },
    files: ['consumer.ts'],
  });
  return tsc('tsconfig.json');
}

/** What the compiler says; nothing when all is well. */
async function tsc(project: string): Promise<string> {
  const program = path.join(ROOT, 'node_modules/.bin/tsc');
  return promisify(execFile)(program, ['-p', project], { cwd: directory }).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout || 'tsc did not run',
  );
}

function write(name: string, content: string | object): void {
  const file = path.join(directory, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
}

function link(name: string): void {
  fs.symlinkSync(path.join(ROOT, 'node_modules', name), path.join(directory, 'node_modules', name));
}
