/** From the flags to the renderer's options and the reader's knowledge. */
import { readFile } from 'node:fs/promises';
import type { ReadOptions } from '../collect/read-capture.ts';
import type { TextOptions } from '../report/text.ts';
import { Failure, toFailureLine } from './failure.ts';
import type { HostFlags, KnowledgeOptions, PageOptions } from './flags.ts';
import type { Io } from './io.ts';
import { toHosts, toRoleHint } from './roles.ts';
import { pickStyle, pickWidth } from './terminal.ts';

const DETAILS = ['normal', 'full', 'all'] as const;

/** How the text is to look. Output to a file is uncoloured unless colour was demanded. */
export function toTextOptions(flags: PageOptions, io: Io, toFile: boolean = false): TextOptions {
  const screen = toFile ? Object.assign(Object.create(io.stdout) as Io['stdout'], { isTTY: false }) : io.stdout;
  return {
    width: pickWidth(flags.width, screen),
    ascii: flags.ascii ?? false,
    style: pickStyle(flags.color, screen, io.env),
    detail: flags.quiet ? 'quiet' : (DETAILS[Math.min(flags.verbose, 2)] ?? 'normal'),
  };
}

/** What the user told about the hosts; wrong input is refused before anything is read. */
export async function readKnowledge(flags: KnowledgeOptions): Promise<ReadOptions> {
  const roles = (flags.role ?? []).map(toRoleHint);
  const { hosts: file } = flags;
  if (file === undefined) return { roles };
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Failure(`--hosts ${toFailureLine(error, file)}`);
  });
  return { roles, hosts: toHosts(text, file) };
}

/** What the host recorded; nothing is loaded where no file is named. */
export async function readHostFlags({ kernel, strace, ss, journal, zone }: HostFlags): Promise<ReadOptions> {
  if ([kernel, strace, ss, journal].every((file) => file === undefined)) return {};
  const { HostFileError, readHost } = await import('../collect/read-host.ts');
  const files = { kernel, strace, ss, journal, zoneMin: zone };
  const given = Object.fromEntries(Object.entries(files).filter(([, value]) => value !== undefined));
  try {
    return { host: await readHost(given) };
  } catch (error) {
    if (error instanceof HostFileError) throw new Failure(`--${error.option} ${error.message}`);
    throw error;
  }
}
