import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { ask } from './testing/listen.ts';

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('signals', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s drains, and the process leaves by itself', async (signal) => {
    const { child, port, line } = await server({});
    const agent = new http.Agent({ keepAlive: true });
    expect((await ask(port, { agent })).headers.connection).toBe('keep-alive');
    const slow = ask(port, { agent, path: '/slow' });
    await line(/^held/);
    child.kill(signal);
    await line(new RegExp(`^draining ${signal}`));
    child.kill('SIGTERM');
    await line(/^draining SIGTERM/);
    child.kill('SIGUSR2');
    expect(await slow).toMatchObject({ body: 'slow', headers: { connection: 'close' } });
    const exited = once(child, 'exit');
    expect(await line(/^report/)).toBe('report {"finished":1,"cut":[]}');
    expect(await exited).toEqual([0, null]);
    agent.destroy();
  });

  it('a second SIGINT later on cuts what is left', async () => {
    const { child, port, line } = await server({});
    const agent = new http.Agent();
    const slow = ask(port, { agent, path: '/slow' }).catch((error: NodeJS.ErrnoException) => error.code);
    await line(/^held/);
    child.kill('SIGINT');
    await line(/^draining SIGINT/);
    const repeat = setInterval(() => child.kill('SIGINT'), 200);
    expect(await line(/^report/)).toMatch(
      /^report \{"finished":0,"cut":\[\{"remote":"127.*","request":"GET \/slow"\}\]\}/,
    );
    clearInterval(repeat);
    expect(await slow).toBe('ECONNRESET');
  });

  it('signals: false leaves them to the process', async () => {
    const { child, line } = await server({ signals: false });
    child.kill('SIGTERM');
    expect(await line(/SIGTERM/)).toBe('serving SIGTERM');
  });
});

interface Server {
  readonly child: ChildProcess;
  readonly port: number;
  /** Resolves to the next line that matches; lines before it are passed over. */
  line(pattern: RegExp): Promise<string>;
}

async function server(options: object): Promise<Server> {
  const script = join(import.meta.dirname, 'testing/signalled.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const line = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`ended without ${pattern}`);
      if (pattern.test(value)) return value;
    }
  };
  return { child, port: Number((await line(/^port/)).split(' ')[1]), line };
}
