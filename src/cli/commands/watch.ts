/** `firsthand watch -i INTERFACE [FILTER…]` */
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { type LiveCapture, LiveError, type LiveOptions, startLive, toTcpdumpArguments } from '../../collect/live.ts';
import { toInk } from '../../report/ink.ts';
import { renderNdjson, toRecord } from '../../report/json.ts';
import { renderLiveReset } from '../../report/text-live.ts';
import { renderText } from '../../report/text.ts';
import type { Report, Reset } from '../../report/types.ts';
import { DONE } from '../exit-codes.ts';
import { Failure, toFailureLine } from '../failure.ts';
import type { WatchFlags } from '../flags.ts';
import { type Io, write } from '../io.ts';
import { readKnowledge, toTextOptions } from '../page.ts';

/** Prints resets as they happen until stopped, then the whole report; the exit code. */
export async function runWatch(filter: readonly string[], flags: WatchFlags, io: Io): Promise<number> {
  const { interface: device } = flags;
  if (device === undefined) throw new Failure(`name the interface with -i: ${listInterfaces()}`);
  const knowledge = await readKnowledge(flags);
  const readCapture = io.readCapture ?? (await import('../../collect/read-capture.ts')).readCapture;
  const options: LiveOptions = {
    interface: device,
    filter,
    snaplen: flags.snaplen,
    ...(io.tcpdump !== undefined && { tcpdump: io.tcpdump }),
  };
  const live = await startLive(options).catch((error: unknown) => {
    throw error instanceof LiveError ? toAdvice(error, options) : error;
  });
  const forget = stopWhenTold(live, flags, io);
  io.stderr.write(`watching ${live.listening}: ${filter.join(' ') || 'tcp'}; Ctrl-C ends with the summary\n`);
  let resets = 0;
  let file: WriteStream | null = null;
  try {
    if (flags.write !== undefined) file = await openFile(flags.write);
    const report = await readCapture(file ? tee(live.packets, file) : live.packets, {
      ...knowledge,
      onReset: (reset) => {
        io.stdout.write(renderLive(reset, flags, io));
        if (++resets === flags.count) live.stop();
      },
    });
    const { dropped } = await live.ended;
    if (dropped > 0) io.stderr.write(`firsthand: the kernel dropped ${dropped} packets: narrow the filter\n`);
    if (!io.signal.aborted) await write(io.stdout, renderEnd(withName(report, device), flags, io));
    return DONE;
  } finally {
    forget();
    live.stop();
    await live.ended;
    if (file) await closeFile(file);
  }
}

function renderLive(reset: Reset, flags: WatchFlags, io: Io): string {
  if (flags.ndjson) return toRecord('reset', reset);
  return `${renderLiveReset(reset, toInk(toTextOptions(flags, io))).join('\n')}\n`;
}

/** Resets were printed as they happened, so the records at the end leave them out. */
function renderEnd(report: Report, flags: WatchFlags, io: Io): string {
  return flags.ndjson ? renderNdjson({ ...report, resets: [] }) : `\n${renderText(report, toTextOptions(flags, io))}`;
}

function withName(report: Report, device: string): Report {
  return { ...report, inputs: report.inputs.map((input) => ({ ...input, path: device })) };
}

/** Ctrl-C, the time limit and a vanished reader all end tcpdump; a second Ctrl-C ends this process as usual. */
function stopWhenTold(live: LiveCapture, { duration }: WatchFlags, io: Io): () => void {
  const stop = (): void => live.stop();
  const timer = duration === undefined ? undefined : setTimeout(stop, duration * 1000);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, stop);
  io.signal.addEventListener('abort', stop);
  return () => {
    clearTimeout(timer);
    for (const signal of signals) process.off(signal, stop);
    io.signal.removeEventListener('abort', stop);
  };
}

async function openFile(path: string): Promise<WriteStream> {
  const file = createWriteStream(path);
  try {
    await once(file, 'open');
  } catch (error) {
    throw new Failure(`-w ${toFailureLine(error, path)}`);
  }
  return file;
}

async function* tee(packets: AsyncIterable<Uint8Array>, file: WriteStream): AsyncGenerator<Uint8Array> {
  let failed: unknown;
  file.on('error', (error) => (failed = error));
  for await (const chunk of packets) {
    if (!file.write(chunk)) await Promise.race([once(file, 'drain'), once(file, 'close')]);
    if (failed !== undefined) throw new Failure(`-w ${toFailureLine(failed, String(file.path))}`);
    yield chunk;
  }
}

async function closeFile(file: WriteStream): Promise<void> {
  if (file.destroyed) return;
  file.end();
  await once(file, 'close');
}

function toAdvice(error: LiveError, options: LiveOptions): Failure {
  const words = toTcpdumpArguments(options).map(quote).join(' ');
  const forOthers = [
    'Run this where the rights are, and read the file here:',
    `  sudo tcpdump ${words.replace('-w -', '-w capture.pcap')}`,
    '  firsthand read capture.pcap',
    `or at once:  sudo tcpdump ${words} | firsthand read -`,
  ];
  switch (error.problem) {
    case 'no-tcpdump':
      return new Failure('tcpdump is not installed (apt install tcpdump, dnf install tcpdump)', forOthers);
    case 'no-rights':
      return new Failure(`no right to capture on ${options.interface}`, [
        ...forOthers,
        'To give tcpdump the right for good:  sudo setcap cap_net_raw,cap_net_admin+eip "$(command -v tcpdump)"',
      ]);
    case 'no-device':
      return new Failure(`no interface ${options.interface}: ${listInterfaces()}`);
    case 'bad-filter':
      return new Failure(`tcpdump rejects the filter '${options.filter?.join(' ') ?? ''}': ${error.message}`);
    case 'failed':
      return new Failure(`tcpdump on ${options.interface}: ${error.message}`);
  }
}

function listInterfaces(): string {
  return `there are ${[...Object.keys(networkInterfaces()), 'any'].join(', ')}`;
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
