/** Command-line flags as data: one definition gives the parser and the help. Nothing heavy is imported here. */
import { COLOUR_MODES, type ColourMode } from './colour-modes.ts';
import { JOURNAL, SOCKETS, STRACE } from '../evidence/host/recipes.ts';
import { Failure } from './failure.ts';
import { toZoneOffsetMin } from './zone.ts';

export interface Flag {
  readonly flags: string;
  readonly text: string;
  /** Turns the text of one occurrence into the value; the previous value serves flags that may repeat. */
  readonly parse?: (text: string, previous: unknown) => unknown;
  readonly initial?: unknown;
  /** Counts occurrences: -v, -vv. */
  readonly counts?: boolean;
}

export interface PageOptions {
  readonly color: ColourMode;
  readonly width?: number;
  readonly ascii?: boolean;
  readonly verbose: number;
  readonly quiet?: boolean;
}

export interface KnowledgeOptions {
  readonly role?: readonly string[];
  readonly hosts?: string;
}

/** Files that a host recorded beside the capture. */
export interface HostFlags {
  readonly kernel?: string;
  readonly strace?: string;
  readonly ss?: string;
  readonly journal?: string;
  /** Minutes east of UTC. */
  readonly zone?: number;
}

export interface ReadFlags extends PageOptions, KnowledgeOptions, HostFlags {
  readonly json?: boolean;
  readonly ndjson?: boolean;
  readonly output?: string;
  readonly failOn?: readonly string[];
  readonly allRsts?: boolean;
}

export interface WatchFlags extends PageOptions, KnowledgeOptions {
  readonly interface?: string;
  readonly write?: string;
  readonly ndjson?: boolean;
  readonly duration?: number;
  readonly count?: number;
  readonly snaplen: number;
}

export interface LabFlags extends PageOptions {
  readonly keep?: string;
}

export interface ExplainFlags extends PageOptions {
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly output?: string;
  /** Minutes east of UTC. */
  readonly zone?: number;
}

const PAGE: readonly Flag[] = [
  { flags: '-v, --verbose', text: 'every reset whole; -vv with every piece of evidence', counts: true, initial: 0 },
  { flags: '-q, --quiet', text: 'only the verdict and who sent the RSTs' },
  {
    flags: '--color <when>',
    text: `${COLOUR_MODES.join(', ')} (NO_COLOR is obeyed)`,
    parse: toColourMode,
    initial: 'auto',
  },
  {
    flags: '--width <columns>',
    text: "columns of the text, 60 or more (default: the terminal's, else 100)",
    parse: toNumber('--width', 60, 1000),
  },
  { flags: '--ascii', text: 'no signs beyond ASCII' },
];

const KNOWLEDGE: readonly Flag[] = [
  {
    flags: '--role <address=role>',
    text: 'what a host is: 10.0.0.5=proxy:edge or 10.1.0.0/16=client (repeatable)',
    parse: toList,
  },
  { flags: '--hosts <file>', text: 'names for addresses, in the format of /etc/hosts' },
];

const HOST: readonly Flag[] = [
  {
    flags: '--kernel <file>',
    text: 'a tracefs log of the host that sent the RST, with tcp:tcp_send_reset: the kernel’s own reason (firsthand help host-evidence: how)',
  },
  {
    flags: '--strace <file>',
    text: `what its process did: output of ${STRACE}`,
  },
  { flags: '--ss <file>', text: `its sockets and their processes: output of ${SOCKETS}` },
  { flags: '--journal <file>', text: `how its processes ended: output of ${JOURNAL} or dmesg -T` },
  {
    flags: '--zone <offset>',
    text: 'zone of times in those files that state none, such as +01:00 (default: UTC)',
    parse: toZoneOffsetMin,
  },
];

export const READ_FLAGS: readonly Flag[] = [
  { flags: '--json', text: 'the report as JSON (schema/report-v1.json); one capture, or several of the same traffic' },
  { flags: '--ndjson', text: 'a JSON record a line; several captures follow each other, each with its header record' },
  ...PAGE,
  { flags: '-o, --output <file>', text: 'write there instead, whole or not at all' },
  {
    flags: '--fail-on <what>',
    text: 'exit 1 if there is: any reset or silence (any), a costly one that sure (possible, likely, proof), or a cause by its id (repeatable)',
    parse: toList,
  },
  ...KNOWLEDGE,
  ...HOST,
  { flags: '--all-rsts', text: 'list every RST packet of a connection, not only the first 64' },
];

export const WATCH_FLAGS: readonly Flag[] = [
  { flags: '-i, --interface <name>', text: 'where to listen, as for tcpdump' },
  { flags: '-w, --write <file>', text: 'keep the packets in a file too' },
  { flags: '--duration <seconds>', text: 'stop after this time', parse: toNumber('--duration', 0.1, 31_536_000) },
  {
    flags: '--count <resets>',
    text: 'stop after this many resets',
    parse: toNumber('--count', 1, 1_000_000_000, true),
  },
  {
    flags: '--snaplen <bytes>',
    text: 'bytes kept of each packet',
    parse: toNumber('--snaplen', 96, 262_144, true),
    initial: 256,
  },
  { flags: '--ndjson', text: 'a JSON record a line: resets as they happen, the rest at the end' },
  ...PAGE,
  ...KNOWLEDGE,
];

export const LAB_FLAGS: readonly Flag[] = [
  { flags: '--keep <directory>', text: 'keep the captures there; nothing is overwritten' },
  ...PAGE,
];

export const EXPLAIN_FLAGS: readonly Flag[] = [
  { flags: '--json', text: 'the explanation or the story as JSON' },
  { flags: '--markdown', text: 'the story as Markdown, for a ticket' },
  {
    flags: '-v, --verbose',
    text: 'every cause and command, and where the knowledge comes from; of logs every kind of failure',
    counts: true,
    initial: 0,
  },
  { flags: '-q, --quiet', text: 'of logs only how many failures of which kinds, and what they have in common' },
  { flags: '-o, --output <file>', text: 'write there instead, whole or not at all' },
  {
    flags: '--zone <offset>',
    text: 'zone of log times that state none, such as +01:00 (default: UTC)',
    parse: toZoneOffsetMin,
  },
  ...PAGE.filter(({ flags }) => !/^-[vq],/.test(flags)),
];

function toList(text: string, previous: unknown): unknown {
  return [...(Array.isArray(previous) ? previous : []), text];
}

function toColourMode(text: string): ColourMode {
  const mode = COLOUR_MODES.find((word) => word === text);
  if (!mode) throw new Failure(`--color ${text}: give ${COLOUR_MODES.join(', ')}`);
  return mode;
}

function toNumber(flag: string, least: number, most: number, whole: boolean = false): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
    throw new Failure(`${flag} ${text}: give a${whole ? ' whole' : ''} number from ${least} to ${most}`);
  };
}
