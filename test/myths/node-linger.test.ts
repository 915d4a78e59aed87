import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startHelper } from '../../lab/helper.ts';
import { lacks } from './needs.ts';
import { dialled, endOf, undoAfterTest } from './scene.ts';

/** Serves one keep-alive connection, says its port, ends when the connection does. */
const SERVER = `
const server = require('node:http').createServer((request, response) => {
  request.socket.on('close', () => process.exit());
  response.end('hello');
  if (request.url === '/abort') response.on('finish', () => request.socket.resetAndDestroy());
});
server.keepAliveTimeout = 50;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

describe.skipIf(lacks("myth: Node's http server sets SO_LINGER 0", ['root', 'strace']))(
  "Node's http server and SO_LINGER",
  () => {
    it('never sets SO_LINGER, and closes an idle connection by FIN', async () => {
      const { calls, end } = await serve('/');
      expect(calls).toMatch(/setsockopt\(.*TCP_NODELAY/);
      expect(calls).not.toContain('SO_LINGER');
      expect(end).toBeNull();
    }, 30_000);

    it('sets SO_LINGER {1, 0} when the application calls resetAndDestroy()', async () => {
      const { calls, end } = await serve('/abort');
      expect(calls).toMatch(/SO_LINGER, \{l_onoff=1, l_linger=0\}/);
      expect(end?.code).toBe('ECONNRESET');
    }, 30_000);
  },
);

/** One request to a Node http server under strace: its setsockopt calls, and how the connection ended. */
async function serve(path: string): Promise<{ calls: string; end: NodeJS.ErrnoException | null }> {
  const directory = await mkdtemp(join(tmpdir(), 'firsthand-myth-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const log = join(directory, 'strace.txt');
  const traced = await startHelper(undoAfterTest(), 'strace', [
    '-f',
    '--trace=setsockopt',
    `--output=${log}`,
    process.execPath,
    '-e',
    SERVER,
  ]);
  const [port] = (await once(createInterface({ input: traced.child.stdout! }), 'line')) as [string];
  const client = await dialled(Number(port));
  const end = endOf(client);
  const exit = once(traced.child, 'exit');
  client.write(`GET ${path} HTTP/1.1\r\nHost: example.net\r\n\r\n`);
  const how = await end;
  await exit;
  return { calls: await readFile(log, 'utf8'), end: how };
}
