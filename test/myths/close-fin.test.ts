import { describe, expect, it } from 'vitest';
import type { LabContext } from '../../lab/context.ts';
import { film, toTelegram } from './film.ts';
import { FILMED, lacks } from './needs.ts';

describe.skipIf(lacks('myth: close() always sends a FIN', FILMED))('close()', () => {
  it('sends a FIN when everything has been read', async () => {
    const [seen] = await film({ where: 'loopback', resets: 0 }, (lab) => closeAfter(lab, 'reading'));
    expect(toTelegram(seen!.segments)).toContain('server F.');
  }, 60_000);

  it('sends a RST and no FIN when received data has not been read', async () => {
    const [seen] = await film({ where: 'loopback', resets: 1 }, (lab) => closeAfter(lab, 'nothing'));
    const telegram = toTelegram(seen!.segments);
    expect(telegram).toMatch(/server R\.$/);
    expect(telegram).not.toContain('server F');
    const [reset] = seen!.report.resets;
    expect(reset!.mechanism).toBe('active-abort');
    expect([reset!.cause.id, ...(reset!.cause.group ?? [])]).toContain('unread-data');
  }, 60_000);
});

async function closeAfter(lab: LabContext, what: 'reading' | 'nothing'): Promise<void> {
  const puppet = await lab.puppet();
  const listener = await puppet.listen(lab.host, lab.port);
  const client = await puppet.connect(lab.host, lab.port);
  const accepted = await listener.accept();
  await client.send('hello');
  if (what === 'reading') await accepted.receive();
  await accepted.close();
  const end = await client.receive().catch((error: { code: string }) => error.code);
  expect(end).toBe(what === 'reading' ? '' : 'ECONNRESET');
  await client.close();
}
