/** Reads a conversation the whole way, for tests that hold a verdict against packets. */
import { decisiveRst, ruleAll, type Effect } from '../effect.ts';
import { rankCauses, type Ranked } from '../engine.ts';
import { costOf, type Cost } from '../cost.ts';
import { CAUSES } from '../list.ts';
import { judgeMechanism, type MechanismVerdict } from '../mechanism.ts';
import { surroundingsOf } from '../surroundings.ts';
import type { CauseId } from '../../terms/causes.ts';
import type { WritablePacket } from '../../capture/write.ts';
import { resetFacts as deriveReset, silenceFacts as deriveSilence } from '../../evidence/connection.ts';
import type { ResetFacts, SilenceFacts } from '../../evidence/facts.ts';
import { buildPopulation, type Population } from '../../evidence/population.ts';
import { createRoleBook, learnRoles } from '../../evidence/roles.ts';
import { roundTripNs } from '../../flow/half.ts';
import { createFlows, finishAll, streamSink, type Flows } from '../../flow/flows.ts';
import { conversation, type ConversationOptions } from '../../flow/testing/conversation.ts';
import type { RstRecord } from '../../flow/rst-record.ts';
import { hostOf, portOf } from '../../flow/table.ts';

/** A reset with everything that is judged of it. */
export interface Verdict {
  readonly facts: ResetFacts;
  readonly mechanism: MechanismVerdict;
  readonly cause: Ranked<CauseId>;
  readonly cost: Cost;
  /** Causes whose own judgement fires; one that is only named as another's twin is not among them. */
  readonly fired: readonly string[];
  /** Effect of every RST, in order of the capture. */
  readonly effects: readonly Effect[];
}

export interface Read {
  readonly flows: Flows;
  readonly resets: readonly ResetFacts[];
  readonly silent: readonly SilenceFacts[];
  readonly population: Population;
}

/** Facts of every connection of the packets. */
export function readPackets(...lists: readonly (readonly WritablePacket[])[]): Read {
  const flows = createFlows();
  const book = createRoleBook([], new Map());
  const resets: ResetFacts[] = [];
  const silent: SilenceFacts[] = [];
  const options = {
    onTrace(trace: Parameters<Parameters<typeof finishAll>[1]['onTrace']>[0]) {
      const { table } = flows;
      learnRoles(book, trace.exchange, (side) => ({
        host: hostOf(table, trace.row, side),
        port: portOf(table, trace.row, side),
      }));
      const from = { trace, store: flows.store, table: flows.table, book, input: 0, baseSeconds: flows.baseSeconds };
      if (trace.rsts.length === 0) silent.push(deriveSilence(from, flows.lastNs));
      else
        resets.push(
          deriveReset(
            from,
            decisiveRst(trace.rsts, {
              rttMs: (side) => fastest(roundTripNs(trace.halves[side]!)),
              endNs: Infinity,
            }),
          ),
        );
    },
  };
  const sink = streamSink(flows, options);
  const packets = lists.flat().toSorted((a, b) => a.seconds - b.seconds || a.nanos - b.nanos);
  for (const [index, { bytes, seconds, nanos, wireLen, direction }] of packets.entries()) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    sink.packet(view, 0, bytes.length, wireLen ?? bytes.length, 1, seconds, nanos, direction ?? 0, index + 1);
  }
  finishAll(flows, options);
  resets.sort((a, b) => a.firstFrame - b.firstFrame);
  return { flows, resets, silent, population: buildPopulation(flows.table, resets, flows.lastNs) };
}

/** The judgement of every reset of the packets, in the order of their connections. */
export function judgePackets(...lists: readonly (readonly WritablePacket[])[]): Verdict[] {
  const { resets, population } = readPackets(...lists);
  return resets.map((facts) => {
    const mechanism = mechanismOf(facts, facts.rst);
    const input = { facts, population, mechanism };
    const cause = rankCauses(input);
    const fired = Object.values(CAUSES).flatMap((one) => (one.judge(input).outcome === 'fires' ? [one.id] : []));
    const rulings = ruleAll(facts.rsts, {
      rttMs: (side) => facts.rttMs[side === facts.clientSide ? 'client' : 'server'],
      endNs: Infinity,
    });
    const effects = facts.rsts.map((rst) => rulings.get(rst)!.effect);
    return { facts, mechanism, cause, fired, cost: costOf(facts, mechanism, cause.id), effects };
  });
}

/** The effect of every RST of the packets, by its frame. */
export function effectsIn(packets: readonly WritablePacket[]): Map<number, Effect> {
  const effects = new Map<number, Effect>();
  const { resets, population } = readPackets(packets);
  for (const facts of resets) {
    const rulings = ruleAll(facts.rsts, {
      rttMs: (side) => facts.rttMs[side === facts.clientSide ? 'client' : 'server'],
      endNs: population.captureEndNs,
    });
    for (const [rst, { effect }] of rulings) effects.set(rst.packet.frame, effect);
  }
  return effects;
}

/** The judgement of the only reset of a conversation. */
export function judge(lines: string, options: ConversationOptions = {}): Verdict {
  const verdicts = judgePackets(conversation(lines, options));
  if (verdicts.length !== 1) throw new Error(`${verdicts.length} resets instead of one`);
  return verdicts[0]!;
}

/** How one RST of a connection was made. */
export function mechanismOf(facts: ResetFacts, rst: RstRecord): MechanismVerdict {
  return judgeMechanism(rst, surroundingsOf(facts, rst));
}

function fastest(ns: number): number | null {
  return Number.isFinite(ns) ? ns / 1e6 : null;
}
