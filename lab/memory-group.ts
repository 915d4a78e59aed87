/** A control group with a limit of memory, for either version of the interface. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CleanupStack } from './cleanup.ts';

const V1 = '/sys/fs/cgroup/memory';
const V2 = '/sys/fs/cgroup';

/** Puts a process into a group of its own that may hold `bytes`; beyond it the kernel kills. */
export function limitMemory(cleanup: CleanupStack, pid: number, bytes: number): void {
  const isV1 = existsSync(join(V1, 'memory.limit_in_bytes'));
  if (!isV1) writeFileSync(join(V2, 'cgroup.subtree_control'), '+memory');
  const group = join(isV1 ? V1 : V2, `firsthand-${pid}`);
  mkdirSync(group);
  cleanup.defer(`remove ${group}`, () => rmdirSync(group));
  writeFileSync(join(group, isV1 ? 'memory.limit_in_bytes' : 'memory.max'), String(bytes));
  // Swap would only delay it; a kernel that does not account for it has no such file.
  const swap = join(group, isV1 ? 'memory.memsw.limit_in_bytes' : 'memory.swap.max');
  if (existsSync(swap)) writeFileSync(swap, isV1 ? String(bytes) : '0');
  writeFileSync(join(group, 'cgroup.procs'), String(pid));
}

/** Whether this machine lets limits of memory be set. */
export const MEMORY_GROUPS =
  'test -e /sys/fs/cgroup/memory/memory.limit_in_bytes || grep -qw memory /sys/fs/cgroup/cgroup.controllers';
