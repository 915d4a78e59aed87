/** A control group with a limit of memory, for either version of the interface. */
import { existsSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CleanupStack } from './cleanup.ts';

const V1 = '/sys/fs/cgroup/memory';
const V2 = '/sys/fs/cgroup';
/** Where the groups are, which outlive a lab that is killed. */
export const GROUP_FOLDERS: readonly string[] = [V1, V2];
/** Variable with the pid of the lab outside of a maker's own namespace, where every maker is process 1. */
export const OWNER = 'FIRSTHAND_LAB_PID';

/** A shell's test for whether this machine lets limits of memory be set. */
export const MEMORY_GROUPS: string = `test -w ${V1}/memory.limit_in_bytes || { grep -qw memory ${V2}/cgroup.subtree_control && test -w ${V2}/cgroup.procs; }`;

/** A group that may hold `bytes`, beyond which the kernel kills; returns what puts a process into it. Make it before the process: it is removed after that. */
export function memoryGroup(cleanup: CleanupStack, bytes: number): (pid: number) => void {
  const isV1 = existsSync(join(V1, 'memory.limit_in_bytes'));
  const group = mkdtempSync(join(isV1 ? V1 : V2, `firsthand-lab-${process.env[OWNER] ?? process.pid}-`));
  cleanup.defer(`remove ${group}`, () => rmdirSync(group));
  writeFileSync(join(group, isV1 ? 'memory.limit_in_bytes' : 'memory.max'), String(bytes));
  // Swap would only delay it; a kernel that does not account for it has no such file.
  const swap = join(group, isV1 ? 'memory.memsw.limit_in_bytes' : 'memory.swap.max');
  if (existsSync(swap)) writeFileSync(swap, isV1 ? String(bytes) : '0');
  return (pid) => writeFileSync(join(group, 'cgroup.procs'), String(pid));
}
