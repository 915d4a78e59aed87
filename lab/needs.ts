/** Which of a scenario's needs this machine does not meet, and the versions of those that it does. */
import { access } from 'node:fs/promises';
import { runCommand } from './helper.ts';
import { MEMORY_GROUPS } from './memory-group.ts';
import { UNSHARE } from './unshare.ts';
import type { Need } from './scenario.ts';

/** Each need's test: a command that must succeed, or a file that must exist. */
const TESTS: Readonly<Record<Need, { command: string; args: readonly string[] } | { file: string } | 'root'>> = {
  root: 'root',
  tcpdump: { command: 'tcpdump', args: ['--version'] },
  python3: { command: 'python3', args: ['--version'] },
  netns: { command: UNSHARE[0], args: [...UNSHARE.slice(1), 'ip', 'netns', 'list'] },
  tun: { file: '/dev/net/tun' },
  nft: { command: 'nft', args: ['--version'] },
  ss: { command: 'ss', args: ['--version'] },
  openssl: { command: 'openssl', args: ['version'] },
  nginx: { command: 'nginx', args: ['-v'] },
  haproxy: { command: 'haproxy', args: ['-v'] },
  conntrack: { command: 'conntrack', args: ['--version'] },
  tcpkill: { file: '/usr/sbin/tcpkill' },
  apache2: { command: 'apache2', args: ['-v'] },
  stunnel: { command: 'stunnel', args: ['-version'] },
  hping3: { command: 'hping3', args: ['-v'] },
  redis: { command: 'redis-server', args: ['--version'] },
  // Debian keeps its programs out of the path.
  postgres: { file: '/usr/lib/postgresql' },
  'memory-groups': { command: 'sh', args: ['-c', MEMORY_GROUPS] },
};

/** Debian's package of each program; the rest no package brings. */
const PACKAGES: Readonly<Partial<Record<Need, string>>> = {
  tcpdump: 'tcpdump',
  python3: 'python3',
  nft: 'nftables',
  ss: 'iproute2',
  openssl: 'openssl',
  nginx: 'nginx',
  haproxy: 'haproxy',
  conntrack: 'conntrack',
  tcpkill: 'dsniff',
  apache2: 'apache2-bin',
  stunnel: 'stunnel4',
  hping3: 'hping3',
  redis: 'redis-server',
  postgres: 'postgresql',
};

const WORDS: Readonly<Partial<Record<Need, string>>> = {
  root: 'root',
  netns: 'network namespaces (unshare, mount and ip, and in a container the right to use them: --privileged)',
  tun: '/dev/net/tun (modprobe tun)',
};

/** What a person is told of a need, and the Debian package that meets it, if one does. */
export function needWords(need: Need): { readonly what: string; readonly package: string | null } {
  const from = PACKAGES[need];
  if (from === undefined) return { what: WORDS[need] ?? need, package: null };
  return { what: from === need ? need : `${need} (Debian package ${from})`, package: from };
}

/** The needs that are not met; empty when the scenario can run. */
export async function missingNeeds(needs: readonly Need[]): Promise<Need[]> {
  const missing: Need[] = [];
  for (const need of needs) if (!(await isMet(need))) missing.push(need);
  return missing;
}

/** First line of each program's version, by name; Node always among them. */
export async function softwareVersions(needs: readonly Need[]): Promise<Record<string, string>> {
  const versions: Record<string, string> = { node: process.versions.node };
  for (const need of needs) {
    const test = TESTS[need];
    if (typeof test === 'string' || 'file' in test || need === 'netns' || need === 'memory-groups') continue;
    const shown = await runCommand('sh', ['-c', `${[test.command, ...test.args].join(' ')} 2>&1`]);
    versions[need] = /\d+(?:\.\d+)+[\w.+-]*/.exec(shown)?.[0] ?? shown.split('\n')[0]!;
  }
  return versions;
}

async function isMet(need: Need): Promise<boolean> {
  const test = TESTS[need];
  if (test === 'root') return process.getuid?.() === 0;
  try {
    if ('file' in test) await access(test.file);
    else await runCommand(test.command, test.args);
    return true;
  } catch {
    return false;
  }
}
