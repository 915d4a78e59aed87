/**
 * One of several processes that record a set: it has a network namespace of its own, so that loopback, ports and the
 * switches of TCP are its own, too. It is told one scenario at a time and answers with what was recorded.
 */
import { runCommand } from './helper.ts';
import { allScenarios } from './all-scenarios.ts';
import { withCleanup } from './cleanup.ts';
import { missingNeeds, softwareVersions } from './needs.ts';
import { record } from './record.ts';
import type { Point, Scenario } from './scenario.ts';
import { drawVariation } from './variation.ts';
import type { Variation } from './variation.ts';

/** What a worker is told. */
export interface Order {
  readonly scenario: string;
  readonly seed: number;
  readonly directory: string;
}

/** What a worker answers: captures, or why there are none. */
export type Delivery =
  | {
      readonly scenario: string;
      readonly captures: readonly { readonly point: Point; readonly path: string }[];
      readonly variation: Variation;
      readonly software: Readonly<Record<string, string>>;
    }
  | { readonly scenario: string; readonly failed: string };

/** Serves orders until the parent is gone. */
async function work(): Promise<void> {
  const scenarios = new Map<string, Scenario>((await allScenarios()).map((scenario) => [scenario.id, scenario]));
  await runCommand('ip', ['link', 'set', 'lo', 'up']);
  process.on('message', (order: Order) => {
    void deliver(scenarios.get(order.scenario)!, order).then((delivery) => process.send!(delivery));
  });
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.send!('ready');
}

async function deliver(scenario: Scenario, { seed, directory }: Order): Promise<Delivery> {
  const missing = await missingNeeds(scenario.needs);
  if (missing.length > 0) return { scenario: scenario.id, failed: `this machine lacks ${missing.join(', ')}` };
  const variation = drawVariation(seed, scenario);
  try {
    await applySwitches(variation);
    const recordings = await withCleanup((cleanup) => record(scenario, directory, cleanup, variation));
    return {
      scenario: scenario.id,
      captures: recordings.map(({ point, path }) => ({ point, path })),
      variation,
      software: await softwareVersions(scenario.needs),
    };
  } catch (error) {
    return { scenario: scenario.id, failed: error instanceof Error ? error.message : String(error) };
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

await work();
