/** Plays something on a real kernel while tcpdump looks on, with the lab's recorder; what passed, segment by segment. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { CleanupStack } from '../../lab/cleanup.ts';
import type { LabContext } from '../../lab/context.ts';
import { runCommand } from '../../lab/helper.ts';
import { record } from '../../lab/record.ts';
import type { Point, Scenario } from '../../lab/scenario.ts';
import { readCapture } from '../../src/index.ts';
import type { Report } from '../../src/index.ts';

export interface Setting {
  readonly where: Scenario['where'];
  /** Connections with a RST that each capture must show: the recording fails when there are more or fewer. */
  readonly resets: Scenario['resets'];
  readonly points?: readonly Point[];
}

/** One capture: what firsthand says of it, and what tcpdump prints of it, which does not depend on firsthand. */
export interface Film {
  readonly report: Report;
  readonly segments: readonly Segment[];
}

export interface Segment {
  readonly from: 'client' | 'server';
  /** Letters as tcpdump prints them: `S`, `F`, `R`, `P`, `.` for ACK. */
  readonly flags: string;
  /** The window field, unscaled. */
  readonly window: number;
  /** Payload bytes. */
  readonly lenBytes: number;
}

/** Runs the scene between two markers of a tcpdump that is known to be capturing; one film per point. */
export async function film(setting: Setting, scene: (lab: LabContext) => Promise<void>): Promise<readonly Film[]> {
  const directory = await mkdtemp(join(tmpdir(), 'firsthand-myth-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const stack = new CleanupStack();
  onTestFinished(() => stack.run());
  let port = 0;
  const scenario: Scenario = {
    id: 'unknown/myth',
    cause: 'unknown',
    kind: 'quiet',
    title: 'A scene of a test',
    needs: [],
    ...setting,
    truth: { sender: null, mechanism: null, cause: null, equivalent: [], why: 'The test says it.' },
    run: (lab) => {
      port = lab.port;
      return scene(lab);
    },
  };
  const recordings = await record(scenario, directory, stack);
  return Promise.all(
    recordings.map(async ({ path }) => ({
      report: await readCapture(path),
      segments: await readSegments(path, port),
    })),
  );
}

/** The direction and flags of each segment, such as `client P. data, server F.`. */
export function toTelegram(segments: readonly Segment[]): string {
  return segments.map(({ from, flags, lenBytes }) => `${from} ${flags}${lenBytes > 0 ? ' data' : ''}`).join(', ');
}

async function readSegments(path: string, serverPort: number): Promise<Segment[]> {
  const text = await runCommand('tcpdump', ['-Z', 'root', '-nn', '-t', '-S', '-r', path, `tcp port ${serverPort}`]);
  const segments: Segment[] = [];
  for (const line of text.split('\n')) {
    const found = /\.(\d+) > \S+: Flags \[([^\]]+)\].*?win (\d+).*length (\d+)/.exec(line);
    if (found === null) continue;
    const [, source, flags, window, lenBytes] = found;
    const from = Number(source) === serverPort ? 'server' : 'client';
    segments.push({ from, flags: flags!, window: Number(window), lenBytes: Number(lenBytes) });
  }
  return segments;
}
