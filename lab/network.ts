/**
 * Three network namespaces in a row: client – router – server, joined by cables with a few milliseconds of delay.
 * Everything is removed by the cleanup stack. A maker's namespaces are in a list of its own; elsewhere (prove/) they are in
 * this machine's, where the pid in their names keeps runs apart and tells leftovers.ts whose they are.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CleanupStack } from './cleanup.ts';
import { runCommand, startHelper } from './helper.ts';
import type { Helper } from './helper.ts';
import { packageRoot } from './package-root.ts';
import { PuppetError, startPuppet } from './puppet.ts';
import type { Puppet } from './puppet.ts';
import { PLAIN } from './variation.ts';
import type { Variation } from './variation.ts';
import { pause } from './wait.ts';

/** Linux delays the ACK of an answer by TCP_DELACK_MIN, 40 ms; the rest is for a machine under load. */
const DELAYED_ACK_MS = 100;

export type Host = 'client' | 'router' | 'server';

/** The capture device of each host; the router is captured on its side towards the client. */
export const DEVICE = { client: 'eth0', router: 'cli0', server: 'eth0' } as const;

export interface Network {
  readonly namespace: Readonly<Record<Host, string>>;
  /** The hosts' addresses; the router's is the one towards the client. */
  readonly address: Readonly<Record<Host, string>>;
  /** A puppet in each namespace. */
  readonly puppet: Readonly<Record<Host, Puppet>>;
  /** Runs a command inside a namespace and returns its stdout. */
  exec(host: Host, command: string, args: readonly string[], input?: string): Promise<string>;
  /** Cuts the cable between the router and a host in one direction or both, holds back what goes to the host, or mends it. */
  cable(to: 'client' | 'server', command: 'cut both' | 'cut ab' | 'cut ba' | 'hold ab' | 'mend'): Promise<void>;
  /** Two round trips over the path, or a second's patience where it is cut: what was on the way has arrived. */
  settle(): Promise<void>;
  /** Lets the delayed ACK of what was said last arrive: with data unacknowledged, Nagle holds back what is said next. */
  acknowledged(): Promise<void>;
  /** Takes the server's namespace away and puts a new one at the same address: a reboot. Returns its new puppet. */
  rebootServer(): Promise<Puppet>;
}

/** Builds the three namespaces, with the addresses, delays, hop limits, timestamps and offloads that the variation says. */
export async function buildNetwork(cleanup: CleanupStack, variation: Variation = PLAIN): Promise<Network> {
  const { family, networks, delaysMs, hopLimits, timestamps } = variation;
  const prefix = `firsthand-${process.pid}`;
  const namespace = { client: `${prefix}-client`, router: `${prefix}-router`, server: `${prefix}-server` };
  const addresses = { client: `${networks.client}2`, router: `${networks.client}1`, server: `${networks.server}2` };
  const exec: Network['exec'] = (host, command, args, input) =>
    runCommand('ip', ['netns', 'exec', namespace[host], command, ...args], input);
  const addNamespace = async (host: Host): Promise<void> => {
    await runCommand('ip', ['netns', 'add', namespace[host]]);
    await exec(host, 'sysctl', [
      '-q',
      '-w',
      `net.ipv6.conf.all.disable_ipv6=${family === 6 ? 0 : 1}`,
      `net.ipv6.conf.default.hop_limit=${hopLimits[host]}`,
      // Without it a link-local address is of no use for its first second.
      'net.ipv6.conf.default.accept_dad=0',
      `net.ipv4.ip_default_ttl=${hopLimits[host]}`,
      `net.ipv4.tcp_timestamps=${timestamps ? 1 : 0}`,
    ]);
    await exec(host, 'ip', ['link', 'set', 'lo', 'up']);
  };
  const address = async (host: Host, device: string, own: string, gateway?: string): Promise<void> => {
    await exec(host, 'ip', ['address', 'add', `${own}/${family === 6 ? 64 : 24}`, 'dev', device]);
    await exec(host, 'ip', ['link', 'set', device, 'up']);
    if (gateway !== undefined) await exec(host, 'ip', [`-${family}`, 'route', 'add', 'default', 'via', gateway]);
  };
  const plug = (device: string, host: 'client' | 'server'): Promise<Helper> =>
    startCable(cleanup, [namespace.router, device, namespace[host], 'eth0'], delaysMs[host], variation);
  const plugServer = async (): Promise<Helper> => {
    const cable = await plug('srv0', 'server');
    await address('router', 'srv0', `${networks.server}1`);
    await address('server', 'eth0', addresses.server, `${networks.server}1`);
    return cable;
  };

  for (const host of ['client', 'router', 'server'] as const) {
    cleanup.defer(`remove namespace ${namespace[host]}`, () => removeNamespace(namespace[host]));
    await addNamespace(host);
  }
  await exec('router', 'sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
  const clientCable = await plug('cli0', 'client');
  await address('router', 'cli0', addresses.router);
  await address('client', 'eth0', addresses.client, addresses.router);
  let serverCable = await plugServer();

  const puppet = {
    client: await startPuppet(cleanup, namespace.client),
    router: await startPuppet(cleanup, namespace.router),
    server: await startPuppet(cleanup, namespace.server),
  };
  // Neighbour discovery before the scenario, so that no first packet waits for it.
  await reach(puppet.client, addresses.server);
  const settle = async (): Promise<void> => {
    for (let trip = 0; trip < 2; trip++) await reach(puppet.client, addresses.server, 500).catch(() => {});
  };
  return {
    namespace,
    address: addresses,
    puppet,
    exec,
    cable: (to, command) => tellCable(to === 'client' ? clientCable : serverCable, command),
    settle,
    acknowledged: async () => {
      await pause(DELAYED_ACK_MS);
      await settle();
    },
    rebootServer: async () => {
      // SIGKILL behind a cut cable: whatever the dying kernel sends reaches nobody.
      await tellCable(serverCable, 'cut both');
      await puppet.server.helper.stop('SIGKILL');
      await serverCable.stop();
      await removeNamespace(namespace.server);
      await addNamespace('server');
      serverCable = await plugServer();
      puppet.server = await startPuppet(cleanup, namespace.server);
      await reach(puppet.client, addresses.server);
      return puppet.server;
    },
  };
}

/** Removes a network namespace by its name; one that is not there is no error. */
async function removeNamespace(name: string): Promise<void> {
  if (existsSync(join('/run/netns', name))) await runCommand('ip', ['netns', 'delete', name]);
}

/** A round trip over the whole path: a closed port refuses. Port 9 is in no capture's filter. */
async function reach(from: Puppet, host: string, timeoutMs: number = 3000): Promise<void> {
  const outcome = await from.connect(host, 9, { timeoutMs }).catch((error: unknown) => error);
  if (!(outcome instanceof PuppetError) || outcome.code !== 'ECONNREFUSED') throw new Error(`${host} is out of reach`);
}

async function startCable(
  cleanup: CleanupStack,
  ends: readonly string[],
  delayMs: number,
  { lossPercent, offloads }: Variation,
): Promise<Helper> {
  const script = join(packageRoot(), 'lab', 'tools', 'wire.py');
  const args = [...ends, String(delayMs), String(lossPercent), ...(offloads ? ['offloads'] : [])];
  const cable = await startHelper(cleanup, 'python3', [script, ...args]);
  await answered(cable);
  return cable;
}

async function tellCable(cable: Helper, command: string): Promise<void> {
  const answer = answered(cable);
  cable.child.stdin!.write(`${command}\n`);
  await answer;
}

async function answered(cable: Helper): Promise<void> {
  await Promise.race([
    once(cable.child.stdout!, 'data'),
    once(cable.child, 'exit').then(() => {
      throw new Error(`wire.py ended: ${cable.stderr()}`);
    }),
  ]);
}
