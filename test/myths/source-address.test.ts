import { describe, expect, it } from 'vitest';
import { connected, exchange } from '../../lab/exchange.ts';
import { TCP_STATE } from '../../lab/puppet.ts';
import { waitFor } from '../../lab/wait.ts';
import { film, toTelegram } from './film.ts';
import { NAMESPACES, lacks } from './needs.ts';

const RST_ACK = 0x14;

/** The server's latest segment, as the router saw it. */
interface Seen {
  readonly source: string;
  readonly sourcePort: number;
  readonly target: string;
  readonly targetPort: number;
  readonly nextSeq: number;
  readonly ack: number;
  /** Payload bytes. */
  readonly length: number;
}
const NOTHING: Seen = { source: '', sourcePort: 0, target: '', targetPort: 0, nextSeq: 0, ack: 0, length: 0 };

describe.skipIf(lacks('myth: the source address proves the sender', [...NAMESPACES, 'nft']))(
  'the source address of a RST',
  () => {
    it('is the server although the router wrote it, and the server knows of nothing', async () => {
      const films = await film(
        { where: 'namespaces', resets: { client: 1 }, points: ['client', 'server'] },
        async (lab) => {
          const { router } = lab.network.puppet;
          const watched = (await router.call('sniff', {
            device: 'srv0',
            sourcePort: lab.port,
            targetPort: 0,
          })) as number;
          const both = await connected(lab);
          await exchange(both, '/first');
          let seen = NOTHING;
          await waitFor('the answer to pass the router', async () => {
            seen = (await router.call('seen', { id: watched })) as Seen;
            return seen.length > 0;
          });
          const { source, sourcePort, target, targetPort, nextSeq, ack } = seen;
          const address = { source, sourcePort, target, targetPort };
          await router.call('forge', { ...address, seq: nextSeq, ack, flags: RST_ACK });
          expect(await both.client.death()).toBe('ECONNRESET');
          await both.accepted.state(TCP_STATE.established);
        },
      );
      const [atClient, atServer] = films.map(({ segments }) => toTelegram(segments));
      expect(atClient).toMatch(/server R\.$/);
      expect(atServer).not.toContain('R');
    }, 60_000);

    it('is the server although a firewall rule wrote it', async () => {
      const films = await film(
        { where: 'namespaces', resets: { client: 1 }, points: ['client', 'server'] },
        async (lab) => {
          const both = await connected(lab);
          await exchange(both, '/first');
          await lab.network.exec(
            'router',
            'nft',
            ['-f', '-'],
            `table ip myth { chain forward { type filter hook forward priority 0; tcp dport ${lab.port} reject with tcp reset; }; }`,
          );
          await both.client.send('GET /second HTTP/1.1\r\n\r\n');
          expect(await both.client.death()).toBe('ECONNRESET');
          await both.accepted.state(TCP_STATE.established);
        },
      );
      const [atClient, atServer] = films.map(({ segments }) => toTelegram(segments));
      expect(atClient).toMatch(/client P\. data, server R$/);
      expect(atServer).not.toContain('R');
    }, 60_000);
  },
);
