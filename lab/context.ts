/** What a scenario has to work with: address, ports, helpers and an undo stack. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CleanupStack } from './cleanup.ts';
import { startHelper } from './helper.ts';
import type { Helper } from './helper.ts';
import { ADDRESS, buildNetwork } from './network.ts';
import type { Host, Network } from './network.ts';
import { freePorts } from './ports.ts';
import { startPuppet } from './puppet.ts';
import type { Puppet } from './puppet.ts';
import type { Scenario } from './scenario.ts';
import { waitFor } from './wait.ts';

export interface LabContext {
  /** The server's address: 127.0.0.1, or the server namespace's. */
  readonly host: string;
  /** Free ports, as many as the scenario asked for. */
  readonly ports: readonly number[];
  /** The first of the ports. */
  readonly port: number;
  /** A directory for configuration files, removed afterwards. */
  readonly directory: string;
  readonly cleanup: CleanupStack;
  /** Starts a process that cleanup stops by pid, in a host's namespace when one is named. */
  spawn(command: string, args: readonly string[], host?: Host): Promise<Helper>;
  /** A puppet on this machine's loopback; namespaces have theirs in `network`. */
  puppet(): Promise<Puppet>;
  /** Waits until the (first) capture shows this many connections with a RST. */
  resetsCaptured(count: number): Promise<void>;
  /** Begins the capture of a scenario that is `late`. */
  beginCapture(): Promise<void>;
  /** The namespaces; throws in a loopback scenario. */
  readonly network: Network;
}

/** Prepares the context of one scenario. */
export async function prepareContext(
  scenario: Scenario,
  cleanup: CleanupStack,
  countResets: () => Promise<number>,
  beginCapture: () => Promise<void>,
): Promise<LabContext> {
  const directory = await mkdtemp(join(tmpdir(), 'firsthand-lab-'));
  cleanup.defer(`remove ${directory}`, () => rm(directory, { recursive: true, force: true }));
  const ports = await freePorts(scenario.ports ?? 1);
  const network = scenario.where === 'namespaces' ? await buildNetwork(cleanup) : null;
  return {
    host: network === null ? '127.0.0.1' : ADDRESS.server,
    ports,
    port: ports[0]!,
    directory,
    cleanup,
    spawn: (command, args, host) => startHelper(cleanup, command, args, host && network?.namespace[host]),
    puppet: () => startPuppet(cleanup),
    beginCapture,
    resetsCaptured: (count) => waitFor(`${count} captured resets`, async () => (await countResets()) >= count, 30_000),
    get network(): Network {
      if (network === null) throw new Error(`${scenario.id} asks for namespaces without declaring them`);
      return network;
    },
  };
}
