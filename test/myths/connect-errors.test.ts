import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { freePorts } from '../../lab/ports.ts';
import type { LabContext } from '../../lab/context.ts';
import { film, toTelegram } from './film.ts';
import { FILMED, lacks } from './needs.ts';
import { endOf } from './scene.ts';

describe.skipIf(lacks('myth: "Connection reset by peer" on connect means refused', FILMED))('connecting', () => {
  it('to a closed port is ECONNREFUSED: a RST answered the SYN', async () => {
    const [port] = await freePorts(1);
    const error = await endOf(connect({ host: '127.0.0.1', port: port! }));
    expect([error?.code, error?.syscall]).toEqual(['ECONNREFUSED', 'connect']);
    const [seen] = await film({ where: 'loopback', resets: 1 }, async (lab) => {
      const failure = await endOf(connect({ host: lab.host, port: lab.port }));
      expect(failure?.code).toBe('ECONNREFUSED');
    });
    expect(toTelegram(seen!.segments)).toBe('client S, server R.');
    expect(seen!.report.resets[0]!.cause.id).toBe('refused');
  }, 60_000);

  it('is ECONNRESET only after the handshake, when something listened, accepted and then aborted', async () => {
    const [seen] = await film({ where: 'loopback', resets: 1 }, acceptedThenAborted);
    expect(toTelegram(seen!.segments)).toBe('client S, server S., client ., server R.');
    expect(seen!.report.resets[0]!.cause.id).not.toBe('refused');
  }, 60_000);
});

/** The client asks for the outcome of its connect() (SO_ERROR) only after the server has aborted. */
async function acceptedThenAborted(lab: LabContext): Promise<void> {
  const puppet = await lab.puppet();
  const listener = await puppet.listen(lab.host, lab.port);
  const client = await puppet.connect(lab.host, lab.port, { wait: false });
  await (await listener.accept()).abort();
  expect(await client.death()).toBe('ECONNRESET');
}
