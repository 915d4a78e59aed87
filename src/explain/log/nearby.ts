/** Lines about the life of a process: what stands near resets and often explains them. */
import type { NearbyKind } from './define.ts';

export interface NearbyWording {
  readonly kind: NearbyKind;
  readonly text: string;
  /** ASCII, lower case: one of them occurs in every line that `regex` matches. */
  readonly literals: readonly string[];
  readonly regex: RegExp;
}

/** First match counts. */
export const NEARBY: readonly NearbyWording[] = [
  {
    kind: 'oom',
    text: 'the kernel killed a process for memory',
    literals: ['oom-kill:', 'out of memory: kill', 'memory cgroup out of memory', 'oom_reaper', 'oomkill', 'oom-kill'],
    regex: /oom-kill|out of memory: kill|memory cgroup out of memory|oom_reaper|oomkill/i,
  },
  {
    kind: 'crash',
    text: 'a process crashed or was killed',
    literals: [
      'main process exited, code=',
      'segfault at ',
      'exited on signal ',
      'core dumped',
      'javascript heap out of',
    ],
    regex:
      /main process exited, code=(?:killed|dumped)|main process exited, code=exited, status=(?!0\b)|segfault at |exited on signal |core dumped|JavaScript heap out of/i,
  },
  {
    kind: 'restart',
    text: 'the service was restarted or reloaded',
    literals: [
      'scheduled restart job',
      'signal process started',
      'reconfiguring',
      'back-off restarting',
      'reloading ',
      'sighup',
      'sigusr2',
    ],
    regex:
      /systemd.*(?:scheduled restart job|Reloading )|signal process started|\breconfiguring\b|back-off restarting|(?:reexec|reload|receiv|signal|caught|got).*\bSIG(?:HUP|USR2)\b|\bSIG(?:HUP|USR2)\b.*(?:reexec|receiv|reload|caught|restart)/i,
  },
  {
    kind: 'stop',
    text: 'a process was stopping',
    literals: [
      'gracefully shutting down',
      'signal 15',
      'signal 3 (sigquit)',
      'sigterm',
      '[notice] exiting',
      ': exiting',
      'exited with code 0',
      'stopping proxy',
      'stopping frontend',
      'stopping backend',
      'systemd[',
      'deactivated successfully',
      'proxy .* stopped',
      ' stopped (cumulated',
    ].filter((literal) => !literal.includes('*')),
    regex:
      /gracefully shutting down|signal 15 \(SIGTERM\)|signal 3 \(SIGQUIT\)|\bSIGTERM\b|\d+#\d+: exiting|exited with code 0\b|\bStopping (?:proxy|frontend|backend) |systemd\[\d+\]: (?:Stopping|Stopped) |deactivated successfully| stopped \(cumulated/i,
  },
  {
    kind: 'start',
    text: 'a process started',
    literals: [
      'start worker processes',
      'listening on',
      'listening at',
      'server started',
      'ready to accept connections',
      'loading success',
      'resuming normal operations',
      'systemd[',
      'started server',
      'application startup complete',
    ],
    regex:
      /start worker processes|(?:^|[^\w-])listening (?:on|at)\b|server started|ready to accept connections|loading success|resuming normal operations|systemd\[\d+\]: Started |started server|application startup complete/i,
  },
  {
    kind: 'backend-down',
    text: 'a back end was marked down',
    literals: [' is down', 'has no server available'],
    regex: /\bServer \S+ is DOWN|has no server available/,
  },
];

/** All literals of the table. */
export const NEARBY_LITERALS: readonly string[] = [...new Set(NEARBY.flatMap(({ literals }) => literals))];

/** The wording that the line has, or null. */
export function findNearby(line: string): NearbyWording | null {
  const head = line.length > SEARCHED_CHARS ? line.slice(0, SEARCHED_CHARS) : line;
  return NEARBY.find(({ regex }) => regex.test(head)) ?? null;
}

/** Expressions with `.*` in them are quadratic in the worst of lines. */
const SEARCHED_CHARS = 1024;
