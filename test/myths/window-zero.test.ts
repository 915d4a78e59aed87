import { describe, expect, it } from 'vitest';
import { runCommand } from '../../lab/helper.ts';
import { TCP_STATE } from '../../lab/puppet.ts';
import { waitFor } from '../../lab/wait.ts';
import { film } from './film.ts';
import { FILMED, lacks } from './needs.ts';

describe.skipIf(lacks('myth: window 0 in a RST means a full receiver', FILMED))('the window of a RST', () => {
  it('is 0 where a kernel answers without a socket, although nothing ever filled a buffer', async () => {
    const [seen] = await film({ where: 'loopback', resets: 1 }, async (lab) => {
      const puppet = await lab.puppet();
      const listener = await puppet.listen(lab.host, lab.port);
      const client = await puppet.connect(lab.host, lab.port);
      const accepted = await listener.accept();
      await accepted.close();
      await client.state(TCP_STATE.closeWait);
      await client.send('hello');
      await client.death();
    });
    const windows = seen!.segments.filter(({ from }) => from === 'server');
    expect(windows.at(-1)).toMatchObject({ flags: 'R', window: 0 });
    expect(windows.slice(0, -1).every(({ window }) => window > 0)).toBe(true);
  }, 60_000);

  it('is not 0 where the receiver was full: closing the socket with all of it unread reopens the window', async () => {
    const [seen] = await film({ where: 'loopback', resets: 1 }, async (lab) => {
      const puppet = await lab.puppet();
      const listener = await puppet.listen(lab.host, lab.port);
      const client = await puppet.connect(lab.host, lab.port);
      const accepted = await listener.accept();
      await client.call('send_some', { size: 50_000_000 });
      // The persist timer's first probe uses up what is left of the window; the second meets a window of 0.
      await waitFor('probes of a window of 0', async () =>
        /timer:\(persist,[^,]*,[1-9]/.test(await runCommand('ss', ['-Htno', `sport = :${client.port}`])),
      );
      await accepted.close();
      expect(await client.death()).toBe('ECONNRESET');
    });
    const fromServer = seen!.segments.filter(({ from }) => from === 'server');
    const reset = fromServer.find(({ flags }) => flags.includes('R'));
    expect(reset).toMatchObject({ flags: 'R.' });
    expect(reset!.window).toBeGreaterThan(0);
    expect(fromServer[fromServer.indexOf(reset!) - 1]!.window).toBe(0);
  }, 60_000);
});
