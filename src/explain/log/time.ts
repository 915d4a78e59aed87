/** The time that a line bears, in the formats that logs use. What a format leaves out (zone, year) is told, not hidden. */

export interface Stamp {
  /** Epoch ms. */
  readonly ms: number;
  /** False: the zone was assumed. */
  readonly hasZone: boolean;
  /** False: the year was inferred. */
  readonly hasYear: boolean;
}

export interface StampOptions {
  /** A stamp without a year is from the last such day that is not after this moment (and a day of slack); epoch ms. */
  readonly latestMs: number;
  /** Minutes east of UTC of stamps without a zone. */
  readonly zoneOffsetMin: number;
}

/** Stamps stand near the front; expressions need not look further. */
const SEARCHED_CHARS = 512;

/** The leftmost stamp of the line, or null. */
export function readStamp(line: string, options: StampOptions): Stamp | null {
  const head = line.length > SEARCHED_CHARS ? line.slice(0, SEARCHED_CHARS) : line;
  let best: { at: number; stamp: Stamp } | undefined;
  for (const { regex, toStamp } of FORMATS) {
    const match = regex.exec(head);
    if (!match?.groups || (best && match.index >= best.at)) continue;
    const stamp = toStamp(match.groups, options);
    if (stamp) best = { at: match.index, stamp };
    if (match.index === 0 && stamp) break;
  }
  return best?.stamp ?? null;
}

type Groups = Readonly<Record<string, string | undefined>>;

interface Format {
  readonly name: string;
  readonly regex: RegExp;
  readonly toStamp: (groups: Groups, options: StampOptions) => Stamp | null;
}

const TIME = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)(?:[.,](?<fraction>\d{1,9}))?`;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH = String.raw`(?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)`;

const FORMATS: readonly Format[] = [
  {
    name: 'ISO 8601, and as Python, PostgreSQL, nginx and Go write it',
    regex: new RegExp(
      String.raw`(?<!\d)(?<year>\d{4})[-/](?<month>\d\d)[-/](?<day>\d\d)[T ]${TIME}(?<zone> ?Z(?![A-Za-z])| ?UTC| ?GMT| ?[+-]\d\d:?\d\d(?!\d))?`,
    ),
    toStamp: toDated,
  },
  {
    name: 'access logs, and HAProxy without a zone',
    regex: new RegExp(String.raw`\[(?<day>\d\d)/${MONTH}/(?<year>\d{4}):${TIME}(?<zone> [+-]\d{4})?\]`),
    toStamp: toDated,
  },
  {
    name: 'Apache error log',
    regex: new RegExp(String.raw`\[(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} +(?<day>\d\d?) ${TIME} (?<year>\d{4})\]`),
    toStamp: toDated,
  },
  {
    name: 'syslog, RFC 3164: no year, no zone',
    regex: new RegExp(String.raw`(?:^|> ?|\s)${MONTH} +(?<day>\d\d?) ${TIME}(?= )`),
    toStamp: toDated,
  },
  {
    name: 'klog: no year, no zone',
    regex: new RegExp(String.raw`(?:^|\s)[IWEF](?<month>\d\d)(?<day>\d\d) ${TIME} `),
    toStamp: toDated,
  },
  {
    name: 'epoch in front, or under its usual keys',
    regex:
      /(?:^\[?|"?\b(?:ts|time|timestamp|epoch|t)"?\s*[=:]\s*"?)(?<epoch>\d{10})(?<milli>\d{3})?(?:\.(?<fraction>\d{1,9}))?(?![\d-])/,
    toStamp: toEpoch,
  },
];

function toDated(groups: Groups, { latestMs, zoneOffsetMin }: StampOptions): Stamp | null {
  const month = toMonth(groups['month'] ?? '');
  const day = Number(groups['day']);
  const [hour, minute, second] = [Number(groups['hour']), Number(groups['minute']), Number(groups['second'])];
  if (month < 0 || month > 11 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return null;
  const offsetMin = groups['zone'] === undefined ? zoneOffsetMin : toOffsetMin(groups['zone']);
  const inYear = (year: number): number =>
    Date.UTC(year, month, day, hour, minute, second, toMilliseconds(groups['fraction'])) - offsetMin * 60_000;
  const stated = groups['year'];
  const hasZone = groups['zone'] !== undefined;
  if (stated !== undefined) return { ms: inYear(Number(stated)), hasZone, hasYear: true };
  const latestYear = new Date(latestMs).getUTCFullYear();
  // A log of New Year's Eve read in the evening of another zone may be of tomorrow's year.
  const year = [latestYear + 1, latestYear].find((one) => inYear(one) <= latestMs + DAY_MS) ?? latestYear - 1;
  return { ms: inYear(year), hasZone, hasYear: false };
}

const DAY_MS = 86_400_000;

function toMonth(text: string): number {
  return /^\d/.test(text) ? Number(text) - 1 : MONTHS.indexOf(text.toLowerCase());
}

function toOffsetMin(zone: string): number {
  const match = /([+-])(\d\d):?(\d\d)/.exec(zone);
  if (!match) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
}

function toMilliseconds(fraction: string | undefined): number {
  return fraction === undefined ? 0 : Math.floor(Number(`0.${fraction}`) * 1000 + 1e-6);
}

function toEpoch({ epoch, milli, fraction }: Groups): Stamp | null {
  const ms = Number(epoch) * 1000 + (milli === undefined ? toMilliseconds(fraction) : Number(milli));
  return { ms, hasZone: true, hasYear: true };
}
