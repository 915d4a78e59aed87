/** Hand-made reports for tests: what a reader would say about small, well-known captures. */
import type { Connection, LadderRow, Report, Reset, Rst, Silence, Summary } from '../types.ts';

/** A type with every optional field required, all the way down: the full sample must name each field that exists. */
export type Full<T> = T extends readonly (infer Item)[]
  ? readonly Full<Item>[]
  : T extends object
    ? { [Key in keyof T]-?: Full<T[Key]> }
    : T;

/** A connection of 10.0.0.9 to nginx on 10.0.0.5, idle for a minute at its end. */
export function sampleConnection(change: Partial<Connection> = {}): Connection {
  return {
    client: { address: '10.0.0.9', port: 51234 },
    server: { address: '10.0.0.5', port: 443 },
    rolesFrom: 'handshake',
    startSeen: true,
    views: [{ input: 0, observedAt: 'client', encapsulation: '', firstFrame: 11 }],
    state: 'RSTR',
    history: 'ShADadr',
    openedAt: '2026-11-20T10:00:00.000001Z',
    durationMs: 60_013.4,
    idleMs: 60_001.2,
    quietMs: 60_001.2,
    bytesFromClient: 412,
    bytesFromServer: 5310,
    ...change,
  };
}

export const SAMPLE_RST: Rst = {
  input: 0,
  frame: 19,
  at: '2026-11-20T10:01:00.013401Z',
  from: 'server',
  actor: 'endpoint',
  mechanism: 'active-abort',
  effect: 'accepted',
  duplicateOf: null,
  ended: true,
};

export const SAMPLE_LADDER: readonly LadderRow[] = [
  { frame: 14, atMs: 0, from: 'client', label: 'GET /report HTTP/1.1  (412 B)', folded: 0, rst: false },
  { frame: 15, atMs: 12.1, from: 'server', label: 'HTTP/1.1 200 OK  (5310 B)', folded: 0, rst: false },
  { frame: 19, atMs: 60_013.4, from: 'server', label: 'RST+ACK  win 502, timestamps', folded: 3, rst: true },
];

/** An idle connection that nginx cut: a live socket aborted after a minute. */
export function sampleReset(change: Partial<Reset> = {}): Reset {
  return {
    id: 'r1',
    connection: sampleConnection(),
    phase: 'idle',
    mechanism: 'active-abort',
    rsts: [SAMPLE_RST],
    sender: {
      side: 'server',
      address: '10.0.0.5',
      port: 443,
      actor: 'endpoint',
      role: 'server',
      level: 'likely',
      confidence: 0.97,
      name: 'nginx',
    },
    cause: { id: 'idle-timeout', level: 'likely', confidence: 0.72 },
    alternatives: [
      { id: 'linger-zero', confidence: 0.2 },
      { id: 'unknown', confidence: 0.08 },
    ],
    impact: 'none',
    retry: 'not-needed',
    evidence: [
      {
        fact: 'live-socket-shape',
        frames: [{ input: 0, frame: 19 }],
        expected: 'window 0 and no options if no socket was left',
        received: 'RST+ACK, window 502, timestamps',
        text: 'The RST carries the live window 502 and timestamps that continue the connection: an open socket was aborted.',
      },
      {
        fact: 'no-trigger',
        frames: [
          { input: 0, frame: 18 },
          { input: 0, frame: 19 },
        ],
        text: 'Nothing reached the server in the 60.0 s before it; the same period ended r2 and r3.',
      },
    ],
    remedies: [
      {
        text: 'Let the client drop idle connections before the server does: an idle limit of 55 s or less.',
        command: 'keepAliveTimeout: 55_000  // undici Agent',
        why: 'Whoever closes first never meets a RST.',
      },
    ],
    confirm: [
      {
        text: 'Compare the server setting with the measured 60 s.',
        command: "nginx -T | grep -E 'keepalive_timeout|send_timeout'",
        why: 'An equal value settles it.',
      },
    ],
    cannotTell: ['Whether everything sent had been read: a trace of tcp:tcp_send_reset on 10.0.0.5 would tell.'],
    ladder: SAMPLE_LADDER,
    displayFilter: 'ip.addr==10.0.0.9 && tcp.port==51234 && ip.addr==10.0.0.5 && tcp.port==443',
    ...change,
  };
}

/** A firewall that forgot an idle connection: the next request meets silence. */
export function sampleSilence(change: Partial<Silence> = {}): Silence {
  return {
    id: 's1',
    connection: sampleConnection({
      client: { address: '10.0.0.9', port: 51240 },
      server: { address: '10.0.3.7', port: 5432 },
      state: 'S1',
      history: 'ShADadT',
      idleMs: 910_000,
      quietMs: 910_000,
    }),
    phase: 'idle',
    cause: { id: 'idle-dropped', level: 'likely', confidence: 0.9 },
    alternatives: [{ id: 'unknown', confidence: 0.1 }],
    impact: 'request-unanswered',
    retry: 'safe-with-idempotency-key',
    evidence: [
      {
        fact: 'only-retransmissions',
        frames: [{ input: 0, frame: 88 }],
        text: 'After 910 s of quiet the request was sent 7 times and never acknowledged.',
      },
    ],
    remedies: [
      { text: 'Send keep-alive probes more often than the firewall forgets.', why: 'Any segment refreshes it.' },
    ],
    confirm: [],
    cannotTell: ['Which hop forgot it: a capture behind the firewall would tell.'],
    ladder: [
      { frame: 88, atMs: 910_012, from: 'client', label: '96 B, retransmitted 6 times', folded: 31, rst: false },
    ],
    displayFilter: 'tcp.port==51240 && tcp.port==5432',
    ...change,
  };
}

/** A report over the given resets and silences; the summary is counted from them. */
export function sampleReport(
  resets: readonly Reset[] = [sampleReset()],
  silences: readonly Silence[] = [],
  change: Partial<Report> = {},
): Report {
  return {
    schemaVersion: 1,
    tool: { name: 'firsthand', version: '0.1.0' },
    inputs: [
      {
        path: 'c.pcap',
        format: 'pcap',
        linkType: 'EN10MB',
        packets: 123,
        bytes: 45_678,
        truncated: 0,
        damage: [],
        strategy: 'two-pass',
      },
    ],
    summary: countSummary(resets),
    stories: [],
    resets,
    silences,
    ...change,
  };
}

/** Every field that the contract has, filled. */
export const FULL_REPORT: Full<Report> = {
  schemaVersion: 1,
  tool: { name: 'firsthand', version: '0.1.0' },
  inputs: [
    {
      path: 'c.pcap',
      format: 'pcap',
      linkType: 'EN10MB',
      packets: 123,
      bytes: 45_678,
      truncated: 2,
      damage: [{ offset: 4096, what: 'record length 0xffffffff' }],
      strategy: 'two-pass',
      undecoded: { USB_LINUX_MMAPPED: 3 },
      notes: ['100 finished connections were folded'],
    },
  ],
  summary: {
    packets: 123,
    tcpPackets: 120,
    connections: 9,
    resets: 1,
    rstPackets: 1,
    senders: [{ address: '10.0.0.5', rstPackets: 1, connections: 1, role: 'server', name: 'nginx' }],
    causes: [{ id: 'unread-data', resets: 1 }],
    states: { SF: 8, RSTR: 1 },
  },
  stories: [
    { title: 'nginx cut one connection.', cause: 'unread-data', resets: ['r1'], contrast: ['Others were shorter.'] },
  ],
  resets: [
    {
      ...fullParts(),
      id: 'r1',
      mechanism: 'active-abort',
      rsts: [{ ...SAMPLE_RST, duplicateOf: 18, sameAs: { input: 1, frame: 19 }, says: 'reason 4, ABORT' }],
      moreRsts: 3,
      sender: {
        side: 'server',
        address: '10.0.0.5',
        port: 443,
        actor: 'endpoint',
        role: 'server',
        level: 'likely',
        confidence: 0.97,
        name: 'nginx',
        process: { pid: 812, command: 'nginx' },
      },
      cause: { id: 'unread-data', level: 'possible', confidence: 0.6, group: ['unread-data', 'linger-zero'] },
      alternatives: [{ id: 'linger-zero', confidence: 0.4 }],
    },
  ],
  silences: [
    {
      ...fullParts(),
      id: 's1',
      cause: { id: 'idle-dropped', level: 'likely', confidence: 0.9, group: ['idle-dropped'] },
      alternatives: [{ id: 'unknown', confidence: 0.1 }],
    },
  ],
};

function fullParts(): Omit<Full<Silence>, 'id' | 'cause' | 'alternatives'> {
  const { rolesFrom, startSeen, views, state, history, openedAt, durationMs, bytesFromClient, bytesFromServer } =
    sampleConnection();
  return {
    connection: {
      client: { address: '10.0.0.9', port: 51234, name: 'app' },
      server: { address: '10.0.0.5', port: 443, name: 'nginx' },
      rolesFrom,
      startSeen,
      views,
      state,
      history,
      openedAt,
      durationMs,
      bytesFromClient,
      bytesFromServer,
      idleMs: 60_001.2,
      quietMs: null,
    },
    phase: 'request',
    impact: 'request-unanswered',
    retry: 'safe-with-idempotency-key',
    evidence: [
      {
        fact: 'unread',
        frames: [{ input: 0, frame: 17 }],
        expected: 'an answer',
        received: 'a RST',
        text: 'No answer came.',
      },
    ],
    remedies: [
      { text: 'Read the body to its end.', command: 'req.resume()', why: 'Unread data turns a close into a RST.' },
    ],
    confirm: [{ text: 'Count aborts.', command: 'nstat -az TcpExtTCPAbortOnClose', why: 'It counts exactly these.' }],
    cannotTell: ['Whether the application read the request: strace would tell.'],
    ladder: SAMPLE_LADDER.map((row) => ({ ...row, seen: [row.frame, null] })),
    displayFilter: 'tcp.port==51234',
  };
}

function countSummary(resets: readonly Reset[]): Summary {
  const senders = new Map<
    string,
    { address: string; rstPackets: number; connections: number; role: Reset['sender']['role']; name?: string }
  >();
  const causes = new Map<Reset['cause']['id'], number>();
  for (const { sender, rsts, cause } of resets) {
    const { address, role, name } = sender;
    const count = senders.get(address) ?? { address, rstPackets: 0, connections: 0, role, ...(name && { name }) };
    count.rstPackets += rsts.length;
    count.connections += 1;
    senders.set(address, count);
    causes.set(cause.id, (causes.get(cause.id) ?? 0) + 1);
  }
  return {
    packets: 123,
    tcpPackets: 120,
    connections: 9,
    resets: resets.length,
    rstPackets: resets.reduce((sum, { rsts }) => sum + rsts.length, 0),
    senders: [...senders.values()],
    causes: [...causes].map(([id, count]) => ({ id, resets: count })),
  };
}
