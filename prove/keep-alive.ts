/** Four connections lie idle behind a NAT that forgets after three seconds: which of them still carry data? */
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { positiveInteger, UsageError } from '../bench/options.ts';
import { type CleanupStack, withCleanup } from '../lab/cleanup.ts';
import { startHelper } from '../lab/helper.ts';
import { missingNeeds } from '../lab/needs.ts';
import { buildNetwork, type Network } from '../lab/network.ts';
import type { Need } from '../lab/scenario.ts';

export const about: string = 'connections that lie idle behind a NAT that forgets: which of them still carry data';

export const help: string = `npm run prove -- keep-alive [SECONDS]

  SECONDS   how long they lie idle (default 60)

Linux and root: it builds network namespaces of its own and removes them.`;

/** What the machine must have. */
export const NEEDS: readonly Need[] = ['root', 'python3', 'netns', 'tun', 'nft'];

/** How long the connections lie idle in the long run. */
const QUIET_MS = 60_000;
const STATE_SECONDS = 3;
const PORT = 7000;

/** What became of one connection. */
export interface Row {
  readonly way: Way;
  readonly answered: boolean;
  /** The code of the error it died of. */
  readonly error: string | null;
}
export type Way = keyof typeof WAYS;

/** How each connection is prepared, and what is expected of it. */
const WAYS = {
  nothing: { shown: 'no keep-alive', lives: false },
  'node-default': { shown: 'socket.setKeepAlive(true)', lives: null },
  'node-second': { shown: 'socket.setKeepAlive(true, 1000)', lives: null },
  firsthand: { shown: 'keepAlive(socket, { idleMs: 1000, intervalMs: 1000 })', lives: true },
} as const;

/** Prints what became of each connection; 1 unless ours lives and the one without keep-alive does not. */
export async function run(args: readonly string[]): Promise<number> {
  const quietMs = toQuietMs(args);
  const missing = await missingNeeds(NEEDS);
  if (missing.length > 0)
    throw new Error(`keep-alive needs ${missing.join(', ')} (${help.split('\n')[0]}, as root on Linux)`);
  process.stdout.write(`${quietMs / 1000} s of quiet through a NAT that forgets after ${STATE_SECONDS} s\n\n`);
  const rows = await withCleanup((cleanup) => idleThroughNat(cleanup, quietMs));
  for (const { way, answered, error } of rows) {
    process.stdout.write(`${answered ? 'lives' : `dies (${error})`}`.padEnd(20) + `${WAYS[way].shown}\n`);
  }
  const isProved = rows.every(({ way, answered }) => WAYS[way].lives === null || WAYS[way].lives === answered);
  return isProved && rows.length === Object.keys(WAYS).length ? 0 : 1;
}

function toQuietMs(args: readonly string[]): number {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} });
  const [text] = positionals;
  if (positionals.length > 1) throw new UsageError(`one number of seconds is taken, not ${positionals.length}`);
  if (text === undefined) return QUIET_MS;
  const seconds = positiveInteger('SECONDS', text);
  if (seconds >= 2 * STATE_SECONDS && seconds <= 86_400) return seconds * 1000;
  throw new UsageError(`SECONDS ${seconds}: from ${2 * STATE_SECONDS} to 86400 is needed`);
}

/** Lays the connections through the NAT, leaves them alone for `quietMs`, and then asks each for an echo. */
export async function idleThroughNat(cleanup: CleanupStack, quietMs: number): Promise<readonly Row[]> {
  const network = await buildNetwork(cleanup);
  await forgetfulNat(network);
  const server = await startHelper(cleanup, process.execPath, ['-e', ECHO_SERVER], network.namespace.server);
  await once(server.child.stdout!, 'data');
  const child = join(import.meta.dirname, 'idle-connections.ts');
  const args = ['--import', 'tsx', child, network.address.server, String(PORT), String(quietMs), ...Object.keys(WAYS)];
  const client = await startHelper(cleanup, process.execPath, args, network.namespace.client);
  const rows: Row[] = [];
  for await (const line of createInterface({ input: client.child.stdout! })) rows.push(JSON.parse(line) as Row);
  if (rows.length === 0) throw new Error(`the client said nothing: ${client.stderr()}`);
  return rows.sort((a, b) => Object.keys(WAYS).indexOf(a.way) - Object.keys(WAYS).indexOf(b.way));
}

const ECHO_SERVER = `require('node:net').createServer((socket) => socket.on('error', () => {}).pipe(socket))
  .listen(${PORT}, () => console.log('ready'));`;

/** Translates what goes to the server, and resets what it does not know. */
async function forgetfulNat(network: Network): Promise<void> {
  const rules = `table ip nat {
    chain postrouting {
      type nat hook postrouting priority srcnat
      oifname "srv0" masquerade
    }
    chain forward {
      type filter hook forward priority 0
      ct state invalid reject with tcp reset
    }
  }
`;
  await network.exec('router', 'nft', ['-f', '-'], rules);
  // loose=0: a packet in the middle of an unknown connection is invalid, not new.
  for (const setting of [`nf_conntrack_tcp_timeout_established=${STATE_SECONDS}`, 'nf_conntrack_tcp_loose=0']) {
    await network.exec('router', 'sysctl', ['-q', '-w', `net.netfilter.${setting}`]);
  }
}
