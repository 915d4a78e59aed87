/** The programs that are compared: how each is run, and how to read from its output who sent how many RSTs. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Tool {
  readonly name: string;
  /** Why it cannot run here; absent when it can. */
  readonly absent?: string;
  /** Version as the tool states it. */
  readonly version: string;
  /** Too slow for the large capture: it reads the `--slow-packets` one. */
  readonly isSlow: boolean;
  /** Shell command for a capture; the file name is quoted already. */
  readonly command: (quotedFile: string) => string;
  /** RST packets by source address; undefined when the output does not say. */
  readonly rstBySender?: (stdout: string) => ReadonlyMap<string, number> | undefined;
  /** Connections that the output marks as reset. */
  readonly resetConnections?: (stdout: string) => number;
}

const FIRSTHAND = fileURLToPath(new URL('../bin/firsthand.js', import.meta.url));
const DIST = fileURLToPath(new URL('../dist/', import.meta.url));

/** All compared tools, the installed and the absent; `standIn` replaces firsthand, `{}` in it is the capture. */
export function findTools(standIn?: string): readonly Tool[] {
  return [standIn === undefined ? firsthand() : standInTool(standIn), pipeline(), tcptrace(), tshark()];
}

/** Reads lines of `sort | uniq -c`: a count and an address. */
export function readUniqCounts(stdout: string): ReadonlyMap<string, number> {
  return new Map([...stdout.matchAll(/^\s*(\d+) (\S+)$/gm)].map(([, count, sender]) => [sender!, Number(count)]));
}

/** Counts tshark's default columns by the source, the third. */
export function countTsharkSources(stdout: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [, sender] of stdout.matchAll(/^\s*\d+\s+\S+\s+(\S+)/gm))
    counts.set(sender!, (counts.get(sender!) ?? 0) + 1);
  return counts;
}

/** Counts the connections that tcptrace lists as reset. */
export function countTcptraceResets(stdout: string): number {
  return [...stdout.matchAll(/^\s*\d+: .*\(reset\)/gm)].length;
}

/** Reads `summary.senders` of a firsthand report; undefined when the text is not one. */
export function readReportSenders(stdout: string): ReadonlyMap<string, number> | undefined {
  try {
    const report = JSON.parse(stdout) as { summary: { senders: { address: string; rstPackets: number }[] } };
    return new Map(report.summary.senders.map(({ address, rstPackets }) => [address, rstPackets]));
  } catch {
    return undefined;
  }
}

function firsthand(): Tool {
  const missing = [FIRSTHAND, DIST].filter((file) => !fs.existsSync(file));
  return {
    name: 'firsthand read --json',
    ...(missing.length > 0 ? { absent: `${missing.join(' and ')} not there: npm run build` } : {}),
    version: missing.length > 0 ? '' : firstLine(process.execPath, [FIRSTHAND, '--version']),
    isSlow: false,
    command: (file) => `'${process.execPath}' '${FIRSTHAND}' read --json ${file}`,
    rstBySender: readReportSenders,
  };
}

function standInTool(template: string): Tool {
  return {
    name: 'stand-in',
    version: template,
    isSlow: false,
    command: (file) => template.replaceAll('{}', () => file),
    rstBySender: readReportSenders,
  };
}

function pipeline(): Tool {
  const strip = `awk '{ sub(/\\.[0-9]+$/, "", $3); print $3 }'`;
  return {
    name: 'tcpdump | awk | sort | uniq -c',
    ...installed('tcpdump', ['--version']),
    isSlow: false,
    command: (file) => `tcpdump -nr ${file} 'tcp[tcpflags] & tcp-rst != 0' | ${strip} | sort | uniq -c | sort -rn`,
    rstBySender: readUniqCounts,
  };
}

function tcptrace(): Tool {
  return {
    name: 'tcptrace -n',
    ...installed('tcptrace', ['-v']),
    isSlow: true,
    command: (file) => `tcptrace -n ${file}`,
    resetConnections: countTcptraceResets,
  };
}

function tshark(): Tool {
  return {
    name: 'tshark -Y tcp.flags.reset==1',
    ...installed('tshark', ['--version']),
    isSlow: true,
    command: (file) => `tshark -n -r ${file} -Y tcp.flags.reset==1`,
    rstBySender: countTsharkSources,
  };
}

function installed(program: string, args: readonly string[]): { version: string; absent?: string } {
  const asked = spawnSync(program, args);
  return asked.error === undefined
    ? { version: versionLine(asked) }
    : { version: '', absent: `${program} is not installed` };
}

function firstLine(program: string, args: readonly string[]): string {
  return versionLine(spawnSync(program, args));
}

/** tcptrace and older tcpdump state their version on standard error. */
function versionLine(asked: { readonly stdout: Buffer; readonly stderr: Buffer }): string {
  return `${asked.stdout.toString()}\n${asked.stderr.toString()}`.trim().split('\n')[0]!.trim();
}
