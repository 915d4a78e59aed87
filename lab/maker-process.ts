/**
 * The process that makes scenarios (maker.ts), the first of its own process namespace. It is told one scenario at a time and
 * answers with what was recorded; when whoever tells it is gone, it undoes what is under way and ends.
 */
import { once } from 'node:events';
import { withCleanup } from './cleanup.ts';
import type { CleanupStack } from './cleanup.ts';
import { scenarioOf } from './all-scenarios.ts';
import { runCommand } from './helper.ts';
import type { Delivery, Order } from './maker.ts';
import { missingNeeds, softwareVersions } from './needs.ts';
import { record } from './record.ts';
import { drawVariation, PLAIN } from './variation.ts';
import type { Variation } from './variation.ts';

/** Serves orders until the parent is gone. */
async function serve(cleanup: CleanupStack): Promise<void> {
  const gone = once(process, 'disconnect');
  await runCommand('ip', ['link', 'set', 'lo', 'up']);
  process.on('message', (order: Order) => {
    void deliver(order, cleanup).then(tell);
  });
  tell('ready');
  if (process.connected) await gone;
}

/** The parent may be gone meanwhile. */
function tell(message: Delivery | 'ready'): void {
  if (process.connected) process.send!(message, () => {});
}

async function deliver({ scenario: id, seed, directory }: Order, cleanup: CleanupStack): Promise<Delivery> {
  try {
    const scenario = await scenarioOf(id);
    if (scenario === undefined) return { scenario: id, failed: 'there is no such scenario' };
    const missing = await missingNeeds(scenario.needs);
    if (missing.length > 0) return { scenario: scenario.id, failed: `this machine lacks ${missing.join(', ')}` };
    const variation = seed === null ? PLAIN : drawVariation(seed, scenario);
    await applySwitches(variation);
    const recordings = await record(scenario, directory, cleanup, variation);
    return {
      scenario: scenario.id,
      captures: recordings.map(({ point, path }) => ({ point, path })),
      variation,
      software: await softwareVersions(scenario.needs),
    };
  } catch (error) {
    return { scenario: id, failed: error instanceof Error ? error.message : String(error) };
  }
}

/** The switches of this process's own network namespace, which is what a loopback scenario uses. */
async function applySwitches({ timestamps, hopLimits, family }: Variation): Promise<void> {
  const settings = [
    `net.ipv4.tcp_timestamps=${timestamps ? 1 : 0}`,
    `net.ipv4.ip_default_ttl=${hopLimits.server}`,
    ...(family === 6 ? [`net.ipv6.conf.lo.hop_limit=${hopLimits.server}`] : []),
  ];
  await runCommand('sysctl', ['-q', '-w', ...settings]);
}

await withCleanup(serve);
process.exit();
