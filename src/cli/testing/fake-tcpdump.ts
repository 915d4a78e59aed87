/** A stand-in for tcpdump: says the given words on standard error, writes bytes, then waits for SIGINT or ends. */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scratch } from './scratch.ts';

export interface FakeTcpdump {
  readonly says: string;
  /** Written to standard output once it listens. */
  readonly writes?: string;
  /** Said after SIGINT; without it the program ends by itself with status 1. */
  readonly finallySays?: string;
}

/** Path of the program. */
export async function makeFakeTcpdump({ says, writes = '', finallySays }: FakeTcpdump): Promise<string> {
  const path = join(await scratch(), 'tcpdump.cjs');
  const waits = `process.on('SIGINT', () => { process.stderr.write(${JSON.stringify(finallySays)}); process.exit(0); }); setInterval(() => {}, 1000);`;
  const script = [
    `#!${process.execPath}`,
    finallySays === undefined ? 'process.exitCode = 1;' : waits,
    `process.stdout.write(${JSON.stringify(writes)}, () => process.stderr.write(${JSON.stringify(says)}));`,
  ];
  await writeFile(path, `${script.join('\n')}\n`);
  await chmod(path, 0o755);
  return path;
}
