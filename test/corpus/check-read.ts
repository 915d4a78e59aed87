/**
 * Holds the reports over a folder of captures against what tshark and Zeek say of the same files.
 * Usage: tsx test/corpus/check-read.ts DIR [--accusations], where DIR holds captures/, tshark-rsts.jsonl, zeek-truth.tsv.
 * Every RST packet must be listed with the frame and the source that tshark gives it, every connection of
 * zeek-truth.tsv must have Zeek's conn_state. Prints what differs; exits 1 when a difference has no reason here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CaptureError } from '../../src/capture/errors.ts';
import { readCapture } from '../../src/collect/read-capture.ts';
import { openCapture } from '../../src/collect/source.ts';
import { rolesOf } from '../../src/evidence/connection.ts';
import { createRoleBook, hostFacts } from '../../src/evidence/roles.ts';
import { createFlows, surveySink, traceSink } from '../../src/flow/flows.ts';
import { hostOf, portOf } from '../../src/flow/table.ts';
import { connState, historyOf } from '../../src/flow/zeek.ts';
import type { Report } from '../../src/report/types.ts';

/** Known differences, each with its reason. */
const REASONS: Readonly<Record<string, string>> = {
  'zeek__modbus-and-non-modbus-p502.pcap 198.74.56.135:60293':
    'Zeek forgets a reset connection after a moment and calls its later packets another one; here only a new SYN opens another incarnation',
};

async function main(folder: string, accusations: boolean): Promise<void> {
  const wanted = readTshark(join(folder, 'tshark-rsts.jsonl'));
  const totals = { captures: 0, unread: 0, equal: 0, excused: 0, unexplained: 0 };
  for (const file of readdirSync(join(folder, 'captures')).toSorted()) {
    totals.captures++;
    let report: Report;
    try {
      report = await readCapture(join(folder, 'captures', file), { allRsts: true });
    } catch (error) {
      if (!CaptureError.is(error)) throw error;
      totals.unread++;
      console.log(`${file}: refused: ${error.problem}`);
      continue;
    }
    compare(file, report, wanted.get(file) ?? new Map(), totals);
    if (accusations) printAccusations(file, report);
  }
  console.log(
    `${totals.captures} captures, ${totals.unread} refused; ${totals.equal} RSTs with tshark's frame and source, ` +
      `${totals.excused} in encapsulations that are not decoded, ${totals.unexplained} unexplained differences`,
  );
  const zeek = await checkZeek(folder);
  console.log(`${zeek.equal} connections with Zeek's state, ${zeek.excused} excused, ${zeek.different} different`);
  if (totals.unexplained + zeek.different > 0) process.exitCode = 1;
}

type Frames = ReadonlyMap<number, string>;

function compare(
  file: string,
  report: Report,
  wanted: Frames,
  totals: { equal: number; excused: number; unexplained: number },
): void {
  const found = new Map<number, string>();
  for (const { connection, rsts } of report.resets) {
    for (const rst of rsts) {
      const { address, port } = connection[rst.from];
      found.set(rst.frame, `${address} ${port}`);
    }
  }
  const notes = [...(report.inputs[0]?.notes ?? []), ...Object.keys(report.inputs[0]?.undecoded ?? {})];
  for (const [frame, source] of wanted) {
    if (found.get(frame) === source) totals.equal++;
    else if (!found.has(frame) && notes.length > 0) {
      totals.excused++;
      console.log(`${file}: frame ${frame} not listed: ${notes.join(', ')}`);
    } else {
      totals.unexplained++;
      console.log(`${file}: frame ${frame}: tshark ${source}, here ${found.get(frame) ?? 'nothing'}`);
    }
  }
  for (const frame of found.keys()) {
    if (wanted.has(frame)) continue;
    totals.unexplained++;
    console.log(`${file}: frame ${frame}: a RST that tshark does not list`);
  }
  const sum = report.summary.senders.reduce((count, sender) => count + sender.rstPackets, 0);
  if (sum !== report.summary.rstPackets) {
    totals.unexplained++;
    console.log(`${file}: ${report.summary.rstPackets} RST packets, but ${sum} in the table of senders`);
  }
}

function printAccusations(file: string, report: Report): void {
  for (const { id, sender, mechanism, cause, evidence } of report.resets) {
    if (sender.actor !== 'middlebox' && mechanism !== 'forged' && mechanism !== 'in-path-answer') continue;
    console.log(`${file} ${id}: ${mechanism}, ${cause.id} ${cause.level}: ${evidence.map((e) => e.text).join(' | ')}`);
  }
}

async function checkZeek(folder: string): Promise<{ equal: number; excused: number; different: number }> {
  const result = { equal: 0, excused: 0, different: 0 };
  const rows = readFileSync(join(folder, 'zeek-truth.tsv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'));
  for (const [file = '', , origHost, origPort, respHost, respPort, state = '', history = ''] of rows) {
    const key = `${origHost} ${origPort} ${respHost} ${respPort}`;
    let states: Map<string, string>;
    try {
      states = await statesOf(join(folder, 'captures', file));
    } catch (error) {
      if (!CaptureError.is(error)) throw error;
      result.excused++;
      console.log(`${file}: refused, so without a state: ${error.problem}`);
      continue;
    }
    const own = states.get(key);
    const reason = REASONS[`${file} ${origHost}:${origPort}`];
    if (own?.split(' ')[0] === state) result.equal++;
    else if (reason !== undefined) result.excused++;
    else result.different++;
    if (own !== `${state} ${history}`)
      console.log(`${file}: ${key}: Zeek ${state} ${history}, here ${own}${reason ? `: ${reason}` : ''}`);
  }
  return result;
}

/** `conn_state history` of every connection of a capture. */
async function statesOf(path: string): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  const source = openCapture(path);
  const flows = createFlows();
  const book = createRoleBook([], new Map());
  await source.scan(surveySink(flows));
  const options = {
    onTrace(trace: Parameters<typeof rolesOf>[0]): void {
      const { table } = flows;
      const { clientSide } = rolesOf(trace, table);
      const end = (side: number): string => {
        const port = portOf(table, trace.row, side);
        return `${hostFacts(book, table.hosts, hostOf(table, trace.row, side), port, 'client').address} ${port}`;
      };
      const key = `${end(clientSide)} ${end(1 - clientSide)}`;
      states.set(key, `${connState(trace.zeek, clientSide)} ${historyOf(trace.zeek, clientSide)}`);
    },
  };
  await source.scan(traceSink(flows, () => true, options));
  return states;
}

function readTshark(path: string): Map<string, Map<number, string>> {
  const byFile = new Map<string, Map<number, string>>();
  for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
    const rst = JSON.parse(line) as { file: string; frame: number; src: string; sport: number };
    const frames = byFile.get(rst.file) ?? new Map<number, string>();
    byFile.set(rst.file, frames);
    frames.set(rst.frame, `${rst.src} ${rst.sport}`);
  }
  return byFile;
}

const [folder, flag] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: tsx test/corpus/check-read.ts DIR [--accusations]');
  process.exitCode = 2;
} else {
  await main(folder, flag === '--accusations');
}
