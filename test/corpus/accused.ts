/** What the reports over a folder of captures accuse somebody of, one row for identical accusations of one capture. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CaptureError } from '../../src/capture/errors.ts';
import { readCapture } from '../../src/collect/read-capture.ts';
import type { Report, Reset, Rst, Silence } from '../../src/report/types.ts';

/** Resets of one capture about which the report says the same. */
export interface Accused {
  readonly capture: string;
  /** The cause, or `forged-rst` for RST packets that the report takes from their claimed sender without ending by them. */
  readonly cause: string;
  /** Who is said to have sent it, how, and how sure the report is. */
  readonly says: string;
  readonly middlebox: boolean;
  /** The accused RST of each connection, or the first frame of a silent one, in the order of the file. */
  readonly frames: readonly number[];
  /** Every RST of those connections: a judgement that names any of them is about this row. */
  readonly rstFrames: readonly number[];
  /** What the report gives as evidence for the first of them. */
  readonly evidence: readonly string[];
}

/** Reads every capture in `folder` and lists what is said at `likely` or `proof`, and every word against a middlebox. */
export async function readAccused(folder: string): Promise<readonly Accused[]> {
  const rows = new Map<string, Accused & { frames: number[]; rstFrames: number[] }>();
  for (const capture of readdirSync(folder).toSorted()) {
    const report = await readOrNull(join(folder, capture));
    const said = [
      ...(report?.resets ?? []).flatMap((reset) => accusationsOf(capture, reset)),
      ...(report?.silences ?? []).flatMap((silence) => claimsOf(capture, silence)),
    ];
    for (const row of said) {
      const key = `${capture}\t${row.cause}\t${row.says}`;
      const known = rows.get(key);
      if (known) {
        known.frames.push(...row.frames);
        known.rstFrames.push(...row.rstFrames);
      } else rows.set(key, { ...row, frames: [...row.frames], rstFrames: [...row.rstFrames] });
    }
  }
  return [...rows.values()];
}

async function readOrNull(path: string): Promise<Report | null> {
  try {
    return await readCapture(path, { allRsts: true });
  } catch (error) {
    if (CaptureError.is(error)) return null;
    throw error;
  }
}

function accusationsOf(capture: string, reset: Reset): readonly Accused[] {
  const { sender, cause, mechanism, rsts, evidence } = reset;
  const ended = rsts.find((rst) => rst.ended) ?? rsts[0];
  const others = rsts.filter((rst) => rst !== ended && rst.duplicateOf === null && blamesMiddlebox(rst));
  const rows: Accused[] = others.map((rst) => ({
    capture,
    cause: 'forged-rst',
    says: `${rst.mechanism} RST in the name of the ${rst.from}, by ${named(rst.actor)}, ${rst.effect}`,
    middlebox: true,
    frames: [rst.frame],
    rstFrames: [rst.frame],
    evidence: evidence.filter(({ frames }) => frames.some(({ frame }) => frame === rst.frame)).map(({ text }) => text),
  }));
  const middlebox = ended !== undefined && blamesMiddlebox(ended);
  if (middlebox || sender.actor === 'middlebox' || sender.level !== 'possible' || cause.level !== 'possible') {
    const group = cause.group === undefined ? '' : ` (or ${cause.group.filter((id) => id !== cause.id).join(', ')})`;
    rows.push({
      capture,
      cause: cause.id,
      says:
        `${cause.level} ${cause.id}${group}; ${mechanism} of the ${sender.side}, ` +
        `by ${named(sender.actor)}, ${sender.level}`,
      middlebox: middlebox || sender.actor === 'middlebox',
      frames: [ended?.frame ?? 0],
      rstFrames: rsts.map((rst) => rst.frame),
      evidence: evidence.map(({ text }) => text),
    });
  }
  return rows;
}

/** A silence has no sender; what is said of it may still be wrong. */
function claimsOf(capture: string, { cause, connection, evidence }: Silence): readonly Accused[] {
  if (cause.level === 'possible') return [];
  const first = connection.views[0]?.firstFrame ?? 0;
  return [
    {
      capture,
      cause: cause.id,
      says: `${cause.level} ${cause.id}; a silence, without a RST`,
      middlebox: cause.id === 'idle-dropped',
      frames: [first],
      rstFrames: [first],
      evidence: evidence.map(({ text }) => text),
    },
  ];
}

function blamesMiddlebox({ actor, mechanism }: Rst): boolean {
  return actor === 'middlebox' || mechanism === 'forged' || mechanism === 'in-path-answer';
}

function named(actor: Rst['actor']): string {
  return actor === 'unknown' ? 'nobody named' : actor === 'middlebox' ? 'a middlebox' : 'the endpoint itself';
}
