import { describe, expect, it } from 'vitest';
import { connected, exchange } from '../../lab/exchange.ts';
import { film, toTelegram } from './film.ts';
import { NAMESPACES, lacks } from './needs.ts';

describe.skipIf(lacks('myth: retransmission give-up sends a RST', NAMESPACES))('a sender that gives up', () => {
  it('ends with ETIMEDOUT and sends no RST', async () => {
    const [seen] = await film({ where: 'namespaces', resets: 0 }, async (lab) => {
      await lab.network.exec('client', 'sysctl', ['-q', '-w', 'net.ipv4.tcp_retries2=2']);
      const both = await connected(lab);
      await exchange(both, '/first');
      await lab.network.cable('server', 'cut both');
      await both.client.send('GET /second HTTP/1.1\r\n\r\n');
      expect(await both.client.death()).toBe('ETIMEDOUT');
    });
    const telegram = toTelegram(seen!.segments);
    expect(telegram).toMatch(/(client P\. data(, )?){2,}$/);
    expect(telegram).not.toContain('R');
    expect(seen!.report.silences.map(({ cause }) => cause.id)).toEqual(['retransmission-timeout']);
  }, 60_000);
});
