/** How processes ended, from `journalctl -o short`, `short-precise`, `short-iso`, `short-iso-precise`, `short-unix` and `dmesg -T`. */
import { ofDay, type LogTime } from './log-time.ts';
import { MOST_EVENTS, type LineParser, type Understood } from './source.ts';

export interface JournalEvent {
  readonly line: number;
  readonly time: LogTime;
  /** oom: killed for memory; fault: a fault of its own; unit-exit: a service's main process ended; stopping: a stop was asked for. */
  readonly kind: 'oom' | 'fault' | 'unit-exit' | 'stopping' | 'stopped';
  /** 0 where the line names none. */
  readonly pid: number;
  readonly command: string;
  /** The unit of systemd, empty where the line names none. */
  readonly unit: string;
  /** Of a unit's exit: `killed`, `dumped` or `exited`, and the signal or status. */
  readonly code: string;
  readonly status: string;
  /** The line's message, cut. */
  readonly text: string;
}

export interface Journal extends Understood {
  readonly events: readonly JournalEvent[];
}

const TEXT_LEN = 160;

export function createJournalParser(): LineParser<Journal> {
  const events: JournalEvent[] = [];
  let lines = 0;
  let understood = 0;
  let dropped = 0;
  return {
    line(text) {
      lines++;
      const stamped = toStamped(text);
      if (stamped === null) return;
      understood++;
      const found = toEvent(stamped.message);
      if (found === null) return;
      if (events.length >= MOST_EVENTS) dropped++;
      else
        events.push({
          line: lines,
          time: stamped.time,
          ...NOTHING,
          ...found,
          text: stamped.message.slice(0, TEXT_LEN),
        });
    },
    end: () => ({ events, lines, understood, dropped }),
  };
}

const NOTHING = { pid: 0, command: '', unit: '', code: '', status: '' } as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

interface Stamped {
  readonly time: LogTime;
  readonly message: string;
}

function toStamped(line: string): Stamped | null {
  const iso = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)(Z|[+-]\d\d):?(\d\d)? (.*)$/.exec(line);
  if (iso !== null) {
    const zone = iso[2] === 'Z' ? 'Z' : `${iso[2]}:${iso[3] ?? '00'}`;
    return at(Date.parse(`${iso[1]!.slice(0, 19)}${zone}`) / 1000 + fraction(iso[1]!.slice(19)), iso[4]!);
  }
  const unix = /^(\d{9,11}\.\d{1,9}) (.*)$/.exec(line);
  if (unix !== null) return at(Number(unix[1]), unix[2]!);
  const dmesg = /^\[(?:\w{3}) (\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) (\d{4})\] (.*)$/.exec(line);
  if (dmesg !== null) {
    const [, month, day, clock, year, message] = dmesg;
    const seconds = Date.UTC(Number(year), MONTHS.indexOf(month!), Number(day)) / 1000 + (ofDay(clock!) ?? Number.NaN);
    return Number.isFinite(seconds) && MONTHS.includes(month!)
      ? { time: { kind: 'no-zone', seconds }, message: message! }
      : null;
  }
  const short = /^(\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d(?:\.\d{1,9})?) (.*)$/.exec(line);
  const time = short && noYear(short[1]!, short[2]!, short[3]!);
  return time ? { time, message: afterHost(short![4]!) } : null;
}

function at(seconds: number, rest: string): Stamped | null {
  return Number.isFinite(seconds) ? { time: { kind: 'epoch', seconds }, message: afterHost(rest) } : null;
}

function fraction(text: string): number {
  return text === '' ? 0 : Number(`0.${text.slice(1)}`);
}

function noYear(monthName: string, dayText: string, clock: string): LogTime | null {
  const month = MONTHS.indexOf(monthName);
  const seconds = ofDay(clock);
  return month < 0 || seconds === null ? null : { kind: 'no-year', month, day: Number(dayText), ofDay: seconds };
}

/** The host's name stands before who speaks. */
function afterHost(rest: string): string {
  return rest.slice(rest.indexOf(' ') + 1);
}

type Found = Partial<Omit<JournalEvent, 'line' | 'time' | 'text' | 'kind'>> & Pick<JournalEvent, 'kind'>;

/** Kernel: mm/oom_kill.c, arch/x86/mm/fault.c show_signal_msg, arch/x86/kernel/traps.c; systemd: src/core/service.c, job.c. */
const PATTERNS: readonly (readonly [RegExp, (groups: readonly string[]) => Found])[] = [
  [
    /\b(?:Out of memory|Memory cgroup out of memory|out of memory)[^:]{0,40}: Killed process (\d{1,8}) \(([^)]{1,64})\)/,
    ([pid, command]) => ({ kind: 'oom', pid: Number(pid), command: command! }),
  ],
  [
    /^oom-kill:.{0,400}\btask=([^,]{1,64}),pid=(\d{1,8}),/,
    ([command, pid]) => ({ kind: 'oom', pid: Number(pid), command: command! }),
  ],
  [
    /^(?:kernel: )?(?:traps: )?([^[\]]{1,32})\[(\d{1,8})\](?:: segfault at| general protection| trap [a-z ]{2,32}(?:ip|\s))/,
    ([command, pid]) => ({ kind: 'fault', pid: Number(pid), command: command! }),
  ],
  [
    /^systemd(?:\[\d+\])?: (\S{1,128}): Main process exited, code=(killed|dumped|exited), status=(\d{1,3})(?:\/(\w{1,16}))?/,
    ([unit, code, status, name]) => ({ kind: 'unit-exit', unit: unit!, code: code!, status: name ?? status! }),
  ],
  [/^systemd(?:\[\d+\])?: Stopping (\S{1,128})(?: - |\.\.\.|$)/, ([unit]) => ({ kind: 'stopping', unit: unit! })],
  [/^systemd(?:\[\d+\])?: Stopped (\S{1,128})(?: - |\.|$)/, ([unit]) => ({ kind: 'stopped', unit: unit! })],
];

function toEvent(message: string): Found | null {
  const head = message.slice(0, 512).replace(/^kernel: (?:\[ *\d+\.\d+\] )?/, '');
  for (const [pattern, toFound] of PATTERNS) {
    const match = pattern.exec(head);
    if (match !== null) return toFound(match.slice(1));
  }
  return null;
}
