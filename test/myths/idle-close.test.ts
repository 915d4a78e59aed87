import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { LabContext } from '../../lab/context.ts';
import { startNginx } from '../../lab/nginx.ts';
import { dial, request, started, write } from '../../lab/sockets.ts';
import { film, toTelegram } from './film.ts';
import { FILMED, lacks } from './needs.ts';

const TITLE = 'a server that closes an idle connection';
/** The limit passes: FIN. The late request: sent. Only that is answered by a RST. */
const FIN_REQUEST_RST = /server P\. data, client \., server F\.(?:, client \.)?, client P\. data, server R$/;

describe.skipIf(lacks('myth: an idle mismatch always gives a RST', FILMED))(TITLE, () => {
  it('sends a FIN; the RST answers the request that comes too late (Node)', async () => {
    const [seen] = await film({ where: 'loopback', resets: 1 }, async (lab) => {
      const server = createServer((_, answer) => answer.end('hello'));
      server.keepAliveTimeout = 50;
      await started(lab, server);
      await requestTooLate(lab);
    });
    expect(toTelegram(seen!.segments)).toMatch(FIN_REQUEST_RST);
    expect(seen!.report.resets.map(({ cause, mechanism }) => [cause.id, mechanism])).toEqual([
      ['stale-reuse', 'passive-answer'],
    ]);
  }, 60_000);

  it('gives no RST at all when nobody writes after the FIN', async () => {
    const [seen] = await film({ where: 'loopback', resets: 0 }, async (lab) => {
      const server = createServer((_, answer) => answer.end('hello'));
      server.keepAliveTimeout = 50;
      await started(lab, server);
      const client = await dial(lab);
      await write(client, request('/first'));
      client.resume();
      await once(client, 'close');
    });
    expect(toTelegram(seen!.segments)).toMatch(/server F\..*client F\./);
  }, 60_000);
});

describe.skipIf(lacks('myth: an idle mismatch always gives a RST (nginx)', [...FILMED, 'nginx']))(TITLE, () => {
  it('sends a FIN; the RST answers the request that comes too late (nginx)', async () => {
    const [seen] = await film({ where: 'loopback', resets: 1 }, async (lab) => {
      await startNginx(lab, 'keepalive_timeout 200ms; return 200 hello;');
      await requestTooLate(lab);
    });
    expect(toTelegram(seen!.segments)).toMatch(FIN_REQUEST_RST);
  }, 60_000);
});

/** One exchange, the server's FIN, then a second request on the same connection. */
async function requestTooLate(lab: LabContext): Promise<void> {
  const client = await dial(lab, { allowHalfOpen: true });
  await write(client, request('/first'));
  const ended = once(client, 'end');
  client.resume();
  await ended;
  await write(client, request('/second'));
}
