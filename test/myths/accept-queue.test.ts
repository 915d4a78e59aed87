import { describe, expect, it } from 'vitest';
import type { LabContext } from '../../lab/context.ts';
import { waitFor } from '../../lab/wait.ts';
import { film } from './film.ts';
import { NAMESPACES, lacks } from './needs.ts';

/**
 * A listener that accepts nobody and has room for five: four places are taken, then four more come. Nothing comes back to
 * them until the SYNs of all four have arrived, so that the queue fills only when their ACKs do.
 */
async function overflow(lab: LabContext): Promise<void> {
  const { client, server } = lab.network.puppet;
  await server.listen(lab.host, lab.port, { backlog: 4 });
  for (let place = 0; place < 4; place++) await client.connect(lab.host, lab.port);
  await lab.network.cable('server', 'cut ba');
  for (let more = 0; more < 4; more++) await client.connect(lab.host, lab.port, { wait: false });
  await waitFor('four SYNs', async () => (await halfOpen(lab)).length === 4);
  await lab.network.cable('server', 'mend');
}

/** One line of `ss` for each connection that waits at the server for the last ACK of its handshake. */
async function halfOpen(lab: LabContext): Promise<string[]> {
  const shown = await lab.network.exec('server', 'ss', ['-Htno', 'state', 'syn-recv']);
  return shown.split('\n').filter((line) => line.includes(`:${lab.port}`));
}

describe.skipIf(lacks('myth: a full accept queue gives a RST', NAMESPACES))('a full accept queue', () => {
  it('gives no RST by default: the server repeats its SYN+ACK', async () => {
    const [seen] = await film({ where: 'namespaces', resets: 0 }, async (lab) => {
      await overflow(lab);
      await waitFor('three that are left waiting, their SYN+ACKs repeated twice', async () => {
        const waiting = await halfOpen(lab);
        return waiting.length === 3 && waiting.every((line) => /timer:\(on,[^,]*,[2-9]/.test(line));
      });
      // The SYN of one more finds the queue full and is dropped.
      const { client } = lab.network.puppet;
      await expect(client.connect(lab.host, lab.port, { timeoutMs: 1000 })).rejects.toThrow(/time/i);
    });
    const synAcks = seen!.segments.filter(({ from, flags }) => from === 'server' && flags === 'S.');
    expect(synAcks.length).toBeGreaterThan(8);
    expect(seen!.segments.some(({ flags }) => flags.includes('R'))).toBe(false);
  }, 60_000);

  it('gives a RST when net.ipv4.tcp_abort_on_overflow is 1', async () => {
    const [seen] = await film({ where: 'namespaces', resets: 3 }, async (lab) => {
      await lab.network.exec('server', 'sysctl', ['-q', '-w', 'net.ipv4.tcp_abort_on_overflow=1']);
      await overflow(lab);
      await lab.resetsCaptured(3);
    });
    expect(new Set(seen!.report.resets.map(({ cause }) => cause.id))).toEqual(new Set(['backlog-overflow']));
  }, 60_000);
});
