/**
 * Three network namespaces in a row: client – router – server, joined by cables with a few milliseconds of delay.
 * Everything is removed by the cleanup stack; namespace names carry the pid, so that runs do not meet.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import type { CleanupStack } from './cleanup.ts';
import { runCommand, startHelper } from './helper.ts';
import type { Helper } from './helper.ts';
import { packageRoot } from './package-root.ts';
import { PuppetError, startPuppet } from './puppet.ts';
import type { Puppet } from './puppet.ts';

export type Host = 'client' | 'router' | 'server';

/** Addresses are the same in every run: the namespaces see nobody else. */
export const ADDRESS = { client: '10.77.1.2', server: '10.77.2.2' } as const;
const ROUTER_TO_CLIENT = '10.77.1.1';
const ROUTER_TO_SERVER = '10.77.2.1';
/** The capture device of each host; the router is captured on its side towards the client. */
export const DEVICE = { client: 'eth0', router: 'cli0', server: 'eth0' } as const;

export interface Network {
  readonly namespace: Readonly<Record<Host, string>>;
  /** A puppet in each namespace. */
  readonly puppet: Readonly<Record<Host, Puppet>>;
  /** Runs a command inside a namespace and returns its stdout. */
  exec(host: Host, command: string, args: readonly string[], input?: string): Promise<string>;
  /** Cuts the cable between the router and a host in one direction or both, or mends it. */
  cable(to: 'client' | 'server', command: 'cut both' | 'cut ab' | 'cut ba' | 'mend'): Promise<void>;
  /** Two round trips over the path, or a second's patience where it is cut: what was on the way has arrived. */
  settle(): Promise<void>;
  /** Takes the server's namespace away and puts a new one at the same address: a reboot. Returns its new puppet. */
  rebootServer(): Promise<Puppet>;
}

export interface NetworkOptions {
  /** One-way delay between client and router, in milliseconds. */
  readonly clientDelayMs?: number;
  /** One-way delay between router and server, in milliseconds. */
  readonly serverDelayMs?: number;
}

/** Builds the three namespaces. */
export async function buildNetwork(cleanup: CleanupStack, options: NetworkOptions = {}): Promise<Network> {
  const prefix = `firsthand-${process.pid}`;
  const namespace = { client: `${prefix}-client`, router: `${prefix}-router`, server: `${prefix}-server` };
  const exec: Network['exec'] = (host, command, args, input) =>
    runCommand('ip', ['netns', 'exec', namespace[host], command, ...args], input);
  const addNamespace = async (host: Host): Promise<void> => {
    await runCommand('ip', ['netns', 'add', namespace[host]]);
    await exec(host, 'sysctl', ['-q', '-w', 'net.ipv6.conf.all.disable_ipv6=1']);
    await exec(host, 'ip', ['link', 'set', 'lo', 'up']);
  };
  const address = async (host: Host, device: string, own: string, gateway?: string): Promise<void> => {
    await exec(host, 'ip', ['address', 'add', `${own}/24`, 'dev', device]);
    await exec(host, 'ip', ['link', 'set', device, 'up']);
    if (gateway !== undefined) await exec(host, 'ip', ['route', 'add', 'default', 'via', gateway]);
  };
  const plugServer = async (): Promise<Helper> => {
    const cable = await startCable(
      cleanup,
      [namespace.router, 'srv0', namespace.server, 'eth0'],
      options.serverDelayMs ?? 2,
    );
    await address('router', 'srv0', ROUTER_TO_SERVER);
    await address('server', 'eth0', ADDRESS.server, ROUTER_TO_SERVER);
    return cable;
  };

  for (const host of ['client', 'router', 'server'] as const) {
    cleanup.defer(`remove namespace ${namespace[host]}`, () => runCommand('ip', ['netns', 'delete', namespace[host]]));
    await addNamespace(host);
  }
  await exec('router', 'sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1']);
  const clientCable = await startCable(
    cleanup,
    [namespace.router, 'cli0', namespace.client, 'eth0'],
    options.clientDelayMs ?? 3,
  );
  await address('router', 'cli0', ROUTER_TO_CLIENT);
  await address('client', 'eth0', ADDRESS.client, ROUTER_TO_CLIENT);
  let serverCable = await plugServer();

  const puppet = {
    client: await startPuppet(cleanup, namespace.client),
    router: await startPuppet(cleanup, namespace.router),
    server: await startPuppet(cleanup, namespace.server),
  };
  // Neighbour discovery before the scenario, so that no first packet waits for it.
  await reach(puppet.client, ADDRESS.server);
  return {
    namespace,
    puppet,
    exec,
    cable: (to, command) => tellCable(to === 'client' ? clientCable : serverCable, command),
    settle: async () => {
      for (let trip = 0; trip < 2; trip++) await reach(puppet.client, ADDRESS.server, 500).catch(() => {});
    },
    rebootServer: async () => {
      // SIGKILL behind a cut cable: whatever the dying kernel sends reaches nobody.
      await tellCable(serverCable, 'cut both');
      await puppet.server.helper.stop('SIGKILL');
      await serverCable.stop();
      await runCommand('ip', ['netns', 'delete', namespace.server]);
      await addNamespace('server');
      serverCable = await plugServer();
      puppet.server = await startPuppet(cleanup, namespace.server);
      await reach(puppet.client, ADDRESS.server);
      return puppet.server;
    },
  };
}

/** A round trip over the whole path: a closed port refuses. Port 9 is in no capture's filter. */
async function reach(from: Puppet, host: string, timeoutMs: number = 3000): Promise<void> {
  const outcome = await from.connect(host, 9, { timeoutMs }).catch((error: unknown) => error);
  if (!(outcome instanceof PuppetError) || outcome.code !== 'ECONNREFUSED') throw new Error(`${host} is out of reach`);
}

async function startCable(cleanup: CleanupStack, ends: readonly string[], delayMs: number): Promise<Helper> {
  const script = join(packageRoot(), 'lab', 'tools', 'wire.py');
  const cable = await startHelper(cleanup, 'python3', [script, ...ends, String(delayMs)]);
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
