/** What a test needs of the machine; whoever lacks it is told on standard error, so that no test is skipped in silence. */
import { spawnSync } from 'node:child_process';
import { UNPRIVILEGED } from './bin.ts';

export type Need = 'root' | 'unprivileged-node' | 'tcpdump' | 'zstd' | 'bash' | 'mount' | 'chromium';

/** True when something is missing, after saying what: for `describe.skipIf` and `it.skipIf`. */
export function lacks(what: string, needs: readonly Need[]): boolean {
  const missing = needs.filter((need) => !isMet(need));
  if (missing.length === 0) return false;
  process.stderr.write(`\nSKIPPED: ${what}: needs ${missing.map((need) => SAID[need]).join(', ')}\n`);
  return true;
}

const SAID: Readonly<Record<Need, string>> = {
  root: 'root',
  'unprivileged-node': `${process.execPath} executable by the user nobody`,
  tcpdump: 'tcpdump (apt install tcpdump)',
  zstd: 'zstd (apt install zstd)',
  bash: 'bash',
  mount: 'the right to mount a tmpfs',
  chromium: 'chromium (apt install chromium)',
};

function isMet(need: Need): boolean {
  switch (need) {
    case 'root':
      return process.getuid?.() === 0;
    case 'unprivileged-node':
      return spawnSync(process.execPath, ['--version'], { ...UNPRIVILEGED, stdio: 'ignore' }).status === 0;
    case 'mount':
      return spawnSync('unshare', ['--mount', 'true'], { stdio: 'ignore' }).status === 0;
    default:
      return spawnSync(need, ['--version'], { stdio: 'ignore' }).error === undefined;
  }
}
