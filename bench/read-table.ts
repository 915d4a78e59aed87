/** The tables of the read bench. */
import { compareCounts, type Counted } from './check.ts';
import type { Capture } from './make-capture.ts';
import type { Run } from './measure.ts';
import { renderTable } from './table.ts';
import type { Tool } from './tools.ts';

/** The runs of one tool on one capture. */
export interface Series {
  readonly tool: Tool;
  readonly capture: Capture;
  readonly runsWanted: number;
  readonly runs: Run[];
  /** Standard output of the run that was not thrown away. */
  stdout: string;
}

/** How to read the tables. */
export const FOOTNOTES: string = `wall is from spawning the shell to its exit, start-up included, page cache warm; CPU is user and system of all processes,
in steps of 10 ms; peak RSS is the largest process of the command (GNU time -f %M). MB is a million bytes.
wall ×, CPU × and RSS × are the first row divided by this one: below 1 the first row is faster or smaller.`;

const HEAD = ['', 'runs', 'wall s', 'min..max', 'CPU s', 'Mpkt/s', 'MB/s', 'peak RSS MB', 'wall ×', 'CPU ×', 'RSS ×'];

/** Table and check of one capture; `subject` is the tool that the others are compared with. */
export function renderCapture(all: readonly Series[], capture: Capture, subject: Tool): string {
  const { packets, bytes, connections, connectionsWithRst, rstBySender } = capture.truth;
  const series = all.filter((one) => one.capture === capture);
  const own = series.find(({ tool }) => tool === subject);
  const title =
    `${packets} packets, ${(bytes / 1e6).toFixed(1)} MB, ${connections} connections opened, ` +
    `${connectionsWithRst} with a RST`;
  const table = renderTable([HEAD, ...series.map((one) => row(one, own === one ? undefined : own))]);
  const check = [...compareCounts(rstBySender, countedBy(series)), ...otherChecks(series, connectionsWithRst)];
  return `${title}\n${table}\ncheck: ${check.join('\n       ')}`;
}

/** How the time of each tool grows from every capture to the next larger one. */
export function renderGrowth(all: readonly Series[]): string {
  const rows = [...new Set(all.map(({ tool }) => tool))].flatMap((tool) => {
    const sizes = all.filter((one) => one.tool === tool);
    return sizes.slice(1).map((large, i) => {
      const small = sizes[i]!;
      const factor = large.capture.truth.packets / small.capture.truth.packets;
      const growth = medianOf(large, 'wallS')! / medianOf(small, 'wallS')!;
      return [
        tool.name,
        `${small.capture.truth.packets} → ${large.capture.truth.packets}`,
        fixed(factor),
        fixed(growth),
      ];
    });
  });
  return `growth of the wall time\n${renderTable([['', 'packets', 'packets ×', 'time ×'], ...rows])}`;
}

/** The slow tools' time on the largest capture, were it to grow with the packets; empty when they read that one. */
export function renderScaled(all: readonly Series[]): string {
  const largest = Math.max(...all.map(({ capture }) => capture.truth.packets));
  const lines = all
    .filter(({ tool, capture }) => tool.isSlow && capture.truth.packets < largest)
    .map((one) => {
      const { packets } = one.capture.truth;
      const scaledS = (medianOf(one, 'wallS')! * largest) / packets;
      return `scaled, not measured: ${one.tool.name} would take ${scaledS.toFixed(1)} s for ${largest} packets (from ${packets})`;
    });
  return lines.length > 0 ? `\n${lines.join('\n')}` : '';
}

function row(series: Series, subject: Series | undefined): string[] {
  const { packets, bytes } = series.capture.truth;
  const wallS = medianOf(series, 'wallS')!;
  const walls = series.runs.map((run) => run.wallS);
  const rssMb = medianOf(series, 'peakRssBytes');
  return [
    series.tool.name,
    String(series.runs.length),
    wallS.toFixed(3),
    `${Math.min(...walls).toFixed(3)}..${Math.max(...walls).toFixed(3)}`,
    fixed(medianOf(series, 'cpuS')),
    fixed(packets / wallS / 1e6),
    (bytes / wallS / 1e6).toFixed(0),
    rssMb === undefined ? '-' : (rssMb / 1e6).toFixed(1),
    ratio(subject, series, 'wallS'),
    ratio(subject, series, 'cpuS'),
    ratio(subject, series, 'peakRssBytes'),
  ];
}

function ratio(subject: Series | undefined, other: Series, figure: keyof Run): string {
  if (subject === undefined) return '';
  const value = (medianOf(subject, figure) ?? NaN) / (medianOf(other, figure) ?? NaN);
  if (!Number.isFinite(value)) return '-';
  return value < 0.1 ? value.toFixed(4) : value.toFixed(2);
}

function medianOf({ runs }: Series, figure: keyof Run): number | undefined {
  const sorted = runs
    .map((run) => run[figure])
    .filter((value) => value !== undefined)
    .sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : mean(sorted[middle - 1], sorted[middle]);
}

function mean(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : (a + b) / 2;
}

function fixed(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(2);
}

function countedBy(series: readonly Series[]): readonly Counted[] {
  return series.flatMap(({ tool, stdout }) => {
    const rstBySender = tool.rstBySender?.(stdout);
    return rstBySender === undefined ? [] : [{ tool: tool.name, rstBySender }];
  });
}

/** What the tools say that print no RSTs by sender. */
function otherChecks(series: readonly Series[], connectionsWithRst: number): readonly string[] {
  return series.flatMap(({ tool, stdout }) => {
    if (tool.rstBySender?.(stdout) !== undefined) return [];
    if (tool.resetConnections === undefined) return [`not compared: ${tool.name} does not print RSTs by sender`];
    const count = tool.resetConnections(stdout);
    const verdict = count === connectionsWithRst ? 'as many as generated' : `generated are ${connectionsWithRst}`;
    return [`${tool.name} marks ${count} connections as reset, ${verdict}`];
  });
}
