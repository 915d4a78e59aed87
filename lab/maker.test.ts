/** The process that makes scenarios: lost, it is started again; stopped, it is not; and its networks are never this machine's. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CleanupStack, Interrupted } from './cleanup.ts';
import { Maker } from './maker.ts';
import { missingNeeds } from './needs.ts';
import { waitFor } from './wait.ts';

const missing = await missingNeeds(['root', 'netns', 'tcpdump']);
if (missing.length > 0) process.stderr.write(`SKIPPED: a process that makes scenarios needs ${missing.join(', ')}\n`);

describe.skipIf(missing.length > 0)('Maker', () => {
  const directory = mkdtempSync(join(tmpdir(), 'firsthand-maker-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const order = { scenario: 'refused/closed-port-v4', seed: null, directory };

  it('says that its process was lost, and makes the next one with another', async () => {
    const cleanup = new CleanupStack();
    const maker = new Maker(cleanup);
    const before = new Set(children());
    const lost = maker.make(order);
    await waitFor('the process', () => children().some((pid) => !before.has(pid)));
    process.kill(
      children().find((pid) => !before.has(pid))!,
      'SIGKILL',
    );
    await expect(lost.catch((error: Error) => ({ failed: error.message }))).resolves.toMatchObject({
      failed: 'the process that made it ended',
    });
    const delivery = await maker.make(order);
    expect(delivery).toMatchObject({ scenario: order.scenario, captures: [{ point: 'loopback' }] });
    await cleanup.run();
    expect(children().filter((pid) => !before.has(pid))).toEqual([]);
  });

  it('is stopped by the stack, and what is under way ends as interrupted', async () => {
    const cleanup = new CleanupStack();
    const maker = new Maker(cleanup);
    const interrupted = maker.make(order).catch((error: unknown) => error);
    await cleanup.run();
    expect(await interrupted).toBeInstanceOf(Interrupted);
  });

  it('answers for a scenario that does not exist, and one that fails, and goes on', async () => {
    const cleanup = new CleanupStack();
    const maker = new Maker(cleanup);
    expect(await maker.make({ ...order, scenario: 'refused/none' })).toEqual({
      scenario: 'refused/none',
      failed: 'there is no such scenario',
    });
    const onto = await maker.make({ ...order, directory: '/dev/null/x' });
    expect(onto).toMatchObject({ scenario: order.scenario, failed: expect.stringContaining('ENOTDIR') });
    expect(await maker.make(order)).toHaveProperty('captures');
    await cleanup.run();
    expect(readdirSync(directory)).toEqual(['fires-closed-port-v4.pcap']);
  });
});

function children(): number[] {
  const text = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}
