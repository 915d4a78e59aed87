import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { listen } from '../../lab/sockets.ts';
import { film, toTelegram } from './film.ts';
import { FILMED, lacks } from './needs.ts';
import { failureOf, fetched, portOf } from './scene.ts';

describe('the code ECONNRESET in Node', () => {
  it('also stands for a FIN: "socket hang up" has no system call and no errno', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.end()));
    const error = await failureOf(fetched(await portOf(server), '/'));
    expect([error.code, error.message, error.syscall, error.errno]).toEqual([
      'ECONNRESET',
      'socket hang up',
      undefined,
      undefined,
    ]);
  }, 30_000);

  it('stands for a RST when the system call and its errno are there', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const error = await failureOf(fetched(await portOf(server), '/'));
    expect([error.code, error.message, error.syscall, typeof error.errno]).toEqual([
      'ECONNRESET',
      'read ECONNRESET',
      'read',
      'number',
    ]);
  }, 30_000);
});

describe.skipIf(lacks('myth: the code ECONNRESET in Node means a RST (capture)', FILMED))('"socket hang up"', () => {
  it('passes without a RST in the capture', async () => {
    const [seen] = await film({ where: 'loopback', resets: 0 }, async (lab) => {
      const { server } = await listen(lab);
      server.on('connection', (socket) => socket.once('data', () => socket.end()));
      const error = await failureOf(fetched(lab.port, '/'));
      expect(error.code).toBe('ECONNRESET');
    });
    expect(toTelegram(seen!.segments)).not.toContain('R');
  }, 60_000);
});
