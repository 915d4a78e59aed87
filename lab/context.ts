/** What a scenario has to work with: address, ports, helpers and an undo stack. */
import type { CleanupStack } from './cleanup.ts';
import { startHelper } from './helper.ts';
import type { Helper } from './helper.ts';
import { makeDirectory } from './leftovers.ts';
import { buildNetwork } from './network.ts';
import type { Host, Network } from './network.ts';
import { freePorts } from './ports.ts';
import { startPuppet } from './puppet.ts';
import type { Puppet } from './puppet.ts';
import type { Scenario } from './scenario.ts';
import { PLAIN } from './variation.ts';
import type { Variation } from './variation.ts';
import { waitFor } from './wait.ts';

export interface LabContext {
  /** The server's address: 127.0.0.1, or the server namespace's; an IPv6 address where the seed drew one. */
  readonly host: string;
  /** Address and port as configuration files and URLs write them, an IPv6 address in brackets. */
  at(port: number): string;
  /** What the seed drew for this run. */
  readonly variation: Variation;
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
  variation: Variation = PLAIN,
): Promise<LabContext> {
  const directory = makeDirectory(cleanup);
  const ports = variation.ports ?? (await freePorts(scenario.ports ?? 1));
  const network = scenario.where === 'namespaces' ? await buildNetwork(cleanup, variation) : null;
  const host = network?.address.server ?? variation.loopback;
  return {
    host,
    at: (port) => `${host.includes(':') ? `[${host}]` : host}:${port}`,
    variation,
    ports,
    port: ports[0]!,
    directory,
    cleanup,
    spawn: (command, args, where) => startHelper(cleanup, command, args, where && network?.namespace[where]),
    puppet: () => startPuppet(cleanup),
    beginCapture,
    resetsCaptured: (count) => waitFor(`${count} captured resets`, async () => (await countResets()) >= count, 30_000),
    get network(): Network {
      if (network === null) throw new Error(`${scenario.id} asks for namespaces without declaring them`);
      return network;
    },
  };
}
