/** What a myth's test needs of the machine; whoever lacks it is told on standard error, so that no test is skipped in silence. */
import { spawnSync } from 'node:child_process';

export type Need = 'root' | 'namespaces' | 'tcpdump' | 'python3' | 'strace' | 'nginx' | 'nft' | 'go';

/** What a test on loopback needs to be filmed. */
export const FILMED: readonly Need[] = ['root', 'tcpdump', 'python3'];
/** What a test in the lab's three namespaces needs. */
export const NAMESPACES: readonly Need[] = [...FILMED, 'namespaces'];

/** True when something is missing, after saying what: for `describe.skipIf`. */
export function lacks(what: string, needs: readonly Need[]): boolean {
  const missing = needs.filter((need) => !isMet(need));
  if (missing.length === 0) return false;
  process.stderr.write(`\nSKIPPED: ${what}: needs ${missing.map((need) => SAID[need]).join(', ')}\n`);
  return true;
}

const SAID: Readonly<Record<Need, string>> = {
  root: 'root',
  namespaces: 'the right to make network namespaces and tap devices',
  tcpdump: 'tcpdump (apt install tcpdump)',
  python3: 'python3 (apt install python3)',
  strace: 'strace (apt install strace) and the right to trace',
  nginx: 'nginx (apt install nginx)',
  nft: 'nft (apt install nftables)',
  go: 'go (apt install golang-go)',
};

/** Each need's proof: a command that must succeed. */
const PROOF: Readonly<Record<Exclude<Need, 'root'>, readonly [string, ...string[]]>> = {
  namespaces: ['unshare', '--net', 'test', '-e', '/dev/net/tun'],
  tcpdump: ['tcpdump', '--version'],
  python3: ['python3', '--version'],
  strace: ['strace', '-o', '/dev/null', 'true'],
  nginx: ['nginx', '-v'],
  nft: ['nft', '--version'],
  go: ['go', 'version'],
};

function isMet(need: Need): boolean {
  if (need === 'root') return process.getuid?.() === 0;
  const [command, ...args] = PROOF[need];
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
