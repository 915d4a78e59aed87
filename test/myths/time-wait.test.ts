import { describe, expect, it } from 'vitest';
import { runCommand } from '../../lab/helper.ts';
import { film, toTelegram } from './film.ts';
import { FILMED, lacks } from './needs.ts';

describe.skipIf(lacks('myth: TIME_WAIT resets new connections', FILMED))('TIME_WAIT at the server', () => {
  it('gives way to a new connection from the same address and port', async () => {
    const [seen] = await film({ where: 'loopback', resets: 0 }, async (lab) => {
      const puppet = await lab.puppet();
      const listener = await puppet.listen(lab.host, lab.port);
      const first = await puppet.connect(lab.host, lab.port);
      await (await listener.accept()).close();
      expect(await first.receive()).toBe('');
      await first.close();
      const timeWait = await runCommand('ss', ['-Htan', 'state', 'time-wait', `sport = :${lab.port}`]);
      expect(timeWait).toContain(`127.0.0.1:${first.port}`);

      const second = await puppet.connect(lab.host, lab.port, { localPort: first.port });
      const accepted = await listener.accept();
      await second.send('hello');
      expect(await accepted.receive()).toBe('hello');
      await second.close();
      expect(await accepted.receive()).toBe('');
      await accepted.close();
    });
    expect(toTelegram(seen!.segments)).toMatch(/client S, server S\..*client S, server S\./);
  }, 60_000);
});
