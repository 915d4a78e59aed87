/** Runs a scenario between two markers of a tcpdump that is known to be capturing, and checks what was promised. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CleanupStack } from './cleanup.ts';
import { prepareContext } from './context.ts';
import type { LabContext } from './context.ts';
import { runCommand, startHelper } from './helper.ts';
import type { Helper } from './helper.ts';
import { DEVICE } from './network.ts';
import { readCapture } from './pcap-resets.ts';
import type { CaptureContents } from './pcap-resets.ts';
import { freePorts } from './ports.ts';
import { startPuppet } from './puppet.ts';
import { expectedResets, kindAt, pointsOf, scenarioName } from './scenario.ts';
import type { Point, Scenario } from './scenario.ts';
import { PLAIN } from './variation.ts';
import type { Variation } from './variation.ts';
import { waitFor } from './wait.ts';

const SCENARIO_MS = 40_000;

export interface Recording {
  readonly point: Point;
  /** The finished capture. */
  readonly path: string;
  readonly contents: CaptureContents;
}

interface Recorder {
  readonly point: Point;
  readonly file: string;
  readonly tcpdump: Helper;
  mark(text: string): Promise<void>;
}

/** Runs one scenario and leaves its captures in `directory`; `stack` undoes everything when a signal interrupts. */
export async function record(
  scenario: Scenario,
  directory: string,
  stack: CleanupStack,
  variation: Variation = PLAIN,
): Promise<Recording[]> {
  const cleanup = new CleanupStack();
  stack.defer(`scenario ${scenario.id}`, () => cleanup.run());
  try {
    const recorders: Recorder[] = [];
    const lab = await prepareContext(
      scenario,
      cleanup,
      async () => (await readCapture(recorders[0]!.file)).resets.length,
      () => begin(),
      variation,
    );
    const points = pointsOf(scenario);
    const begin = async (): Promise<void> => {
      for (const point of points) recorders.push(await startRecorder(scenario, lab, point));
    };
    if (scenario.late !== true) await begin();
    await inTime(scenario.run(lab), `scenario ${scenario.id}`);
    if (scenario.where === 'namespaces') await lab.network.settle();
    const recordings: Recording[] = [];
    for (const [index, recorder] of recorders.entries()) {
      const suffix = index === 0 ? '' : `@${recorder.point}`;
      const path = join(directory, `${kindAt(scenario, recorder.point)}-${scenarioName(scenario)}${suffix}.pcap`);
      recordings.push(await finish(scenario, recorder, path));
    }
    return recordings;
  } finally {
    await cleanup.run();
  }
}

/** A scenario that hangs must fail by name, not hold up the others. */
async function inTime(work: Promise<void>, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${SCENARIO_MS} ms`)), SCENARIO_MS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function startRecorder(scenario: Scenario, lab: LabContext, point: Point): Promise<Recorder> {
  const [markerPort] = (await freePorts(1)) as [number];
  const captured = lab.ports.slice(0, scenario.capturedPorts ?? lab.ports.length).map((port) => `port ${port}`);
  const filter = `(tcp and (${captured.join(' or ')})) or udp dst port ${markerPort}`;
  const file = join(lab.directory, `${point}.pcap`);
  const host = point === 'loopback' ? null : point;
  const device = host === null ? 'lo' : (scenario.device ?? DEVICE[host]);
  const tcpdump = await startHelper(
    lab.cleanup,
    'tcpdump',
    // -Z: a tcpdump that drops root cannot write into the scenario's directory.
    [
      '-i',
      device,
      '-n',
      '-U',
      '-w',
      file,
      '-s',
      String(lab.variation.snapBytes),
      '--immediate-mode',
      '-Z',
      'root',
      filter,
    ],
    host === null ? undefined : lab.network.namespace[host],
  );
  // A puppet of its own: the scenario may kill the ones it plays with.
  const marker = host === null ? null : await startPuppet(lab.cleanup, lab.network.namespace[host]);
  const elsewhere = host === 'client' ? 'server' : 'client';
  const target = host === null || device === 'lo' ? '127.0.0.1' : lab.network.address[elsewhere];
  const mark = async (text: string): Promise<void> => {
    if (marker === null) await markLoopback(markerPort, text);
    else await marker.call('marker', { host: target, port: markerPort, text });
  };
  const recorder = { point, file, tcpdump, mark };
  await waitFor(`tcpdump to listen on ${device}`, () => {
    if (tcpdump.ended()) throw new Error(`tcpdump ended: ${tcpdump.stderr().trim()}`);
    return tcpdump.stderr().includes('listening on');
  });
  await waitForMarker(recorder, 'start');
  return recorder;
}

async function finish(scenario: Scenario, recorder: Recorder, path: string): Promise<Recording> {
  const { file, tcpdump, point } = recorder;
  const expected = expectedResets(scenario, point);
  await waitFor(
    `${expected} connections with a RST at ${point} in ${scenario.id}`,
    async () => (await readCapture(file)).resets.length >= expected,
    4000,
  );
  await waitForMarker(recorder, 'end');
  await tcpdump.stop('SIGTERM');
  await mkdir(dirname(path), { recursive: true });
  await runCommand('tcpdump', ['-n', '-Z', 'root', '-r', file, '-w', path, 'tcp']);
  const contents = await readCapture(path);
  if (contents.resets.length !== expected) {
    throw new Error(
      `${scenario.id} promised ${expected} connections with a RST at ${point}, ${contents.resets.length} seen`,
    );
  }
  return { point, path, contents };
}

/** Sends markers until one of them is in the file: then everything before it is, too. */
async function waitForMarker(recorder: Recorder, name: string): Promise<void> {
  await waitFor(`the ${name} marker at ${recorder.point}`, async () => {
    await recorder.mark(name);
    return (await readCapture(recorder.file)).markers.includes(name);
  });
}

async function markLoopback(port: number, text: string): Promise<void> {
  const socket = createSocket('udp4');
  socket.send(text, port, '127.0.0.1', () => socket.close());
  await once(socket, 'close');
}
