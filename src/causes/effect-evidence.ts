/** What a RST did to its receiver and what each side did next, as evidence: by which rule, and what was seen of it. */
import type { Side } from '../terms/actors.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { other, type ResetFacts } from '../evidence/facts.ts';
import { windowBytes } from '../flow/half.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import { seqDiff } from '../wire/seq.ts';
import { shown } from './define.ts';
import { ms } from './duration.ts';
import { isAccepted, type Place } from './receiver-rules.ts';
import type { Ruling } from './effect.ts';
import { who } from './telling.ts';

/** The effect of the decisive RST, and what followed it. */
export function effectEvidence(facts: ResetFacts, rulings: ReadonlyMap<RstRecord, Ruling>, endNs: number): Evidence[] {
  const { rst } = facts;
  const ruling = rulings.get(rst);
  if (ruling === undefined || rst.to.packets === 0) return [];
  return [effectOf(facts, ruling), whatFollowed(facts, endNs)];
}

function effectOf(facts: ResetFacts, ruling: Ruling): Evidence {
  const { rst } = facts;
  const { after, packet } = rst;
  const receiver = who(facts, facts.receiver);
  const frames = [packet.frame];
  const place = placeOf(facts, ruling, ruling.arrived);
  const received = `sequence number ${relative(packet.seq, rst)}`;
  // Literals: objects made by spreading in their middle have a shape each.
  const say = (effect: string, text: string, also: readonly number[] = []): Evidence => {
    const { fact, frames: named } = shown(facts, `rst-${effect}`, [...frames, ...also], text);
    if (ruling.expected < 0) return { fact, frames: named, text, received };
    return {
      fact,
      frames: named,
      text,
      expected: `sequence number ${relative(ruling.expected, rst)}`,
      received,
    };
  };
  switch (ruling.effect) {
    case 'accepted':
      return say('accepted', `${receiver} accepted it: ${place}`);
    case 'challenged':
      return say(
        'challenged',
        `${receiver} did not obey it but asked whether it was meant, with a challenge ACK ${ms((after.challengeNs - packet.tNs) / 1e6)} later (RFC 5961 §3.2): ${place}`,
        [after.challengeFrame],
      );
    case 'ignored':
      if (ruling.arrived === 'closed' && !ruling.livesOn)
        return say(
          'after-close',
          'it found nothing to end: both sides had closed and acknowledged each other’s FIN before',
        );
      if (ruling.gone) return say('ignored', `it found nothing to end: an earlier RST had ended the connection there`);
      return ruling.livesOn && isAccepted(ruling.arrived)
        ? say('ignored', `${receiver} lives on although ${place}: it did not obey the RST, or never got it`, [
            after.lastFromReceiverFrame,
          ])
        : ruling.livesOn && ruling.arrived === 'window'
          ? say('ignored', `${receiver} lives on, so it ignored it, or never got it: ${place}`, [
              after.lastFromReceiverFrame,
            ])
          : say('ignored', `${receiver} ignored it: ${place}`);
    case 'unknown':
      return say('effect-unknown', `whether ${receiver} obeyed it is not shown: ${doubtOf(facts, ruling, place)}`);
  }
}

/** What was on the way before the RST: a FIN takes a sequence number, and is no byte. */
function onTheWay(inFlight: number, { from, packet }: RstRecord): string {
  if (from.finEnd < 0 || seqDiff(from.finEnd, packet.seq) > 0) return `the ${bytes(inFlight)} on the way have`;
  return inFlight <= 1 ? 'the FIN on the way has' : `the ${bytes(inFlight - 1)} and the FIN on the way have`;
}

function placeOf(facts: ResetFacts, { expected, inFlight }: Ruling, place: Place): string {
  const { packet, from, to } = facts.rst;
  const distance = expected < 0 ? 0 : seqDiff(packet.seq, expected);
  switch (place) {
    case 'next':
      return inFlight > 0
        ? `it carries the number expected next once ${onTheWay(inFlight, facts.rst)} arrived`
        : 'it carries the very number expected next';
    case 'sack-edge':
      return 'it carries the right edge of the highest block that the receiver had acknowledged selectively, which Linux obeys';
    case 'before-fin':
      return 'it carries the number of the FIN before it, which Linux obeys after a FIN';
    case 'acknowledges-syn':
      return 'it acknowledges the SYN';
    case 'time-wait':
      return 'only TIME-WAIT was left for it to end (RFC 1337)';
    case 'not-time-wait':
      return 'in TIME-WAIT only the number expected next counts';
    case 'window':
      return distance > 0
        ? `its number lies ${bytes(distance)} above the one expected next, inside the window`
        : 'its number lies below the one expected next, and only its payload reaches that';
    case 'below':
      return `its number lies ${bytes(-distance)} below the one expected next: an old segment`;
    case 'beyond':
      return `its number lies ${bytes(distance)} above the one expected next, outside the window of ${windowBytes(to, to.window)}`;
    case 'ahead':
      return `its number lies ${bytes(distance)} above the one expected next, and the window is not known`;
    case 'wrong-syn-ack':
      return 'it does not acknowledge the SYN, as every answer to one must (RFC 9293 §3.10.7.3)';
    case 'old-timestamp':
      return `its timestamp is ${seqDiff(from.lastTsVal, packet.tsVal)} ticks older than the last one`;
    case 'closed':
      return 'both sides had closed before';
    case 'unseen':
      return 'the capture does not show what it expected';
  }
}

function doubtOf(facts: ResetFacts, ruling: Ruling, place: string): string {
  const { after } = facts.rst;
  if (after.synFromReceiver > 0) return 'it sent its SYN again, as Windows does after a refusal';
  const { arrived, lost, inFlight } = ruling;
  if (isAccepted(arrived) && !isAccepted(lost)) {
    if (facts.rst.from.repeatsUnanswered > 0) return `${place}, and what was repeated of them was not acknowledged`;
    return `${place}, and the capture ends before it shows whether they did`;
  }
  if (isAccepted(lost) && !isAccepted(arrived)) {
    return `it carries the number acknowledged last, and ${bytes(inFlight)} behind that were on the way`;
  }
  if (isAccepted(arrived)) return `${place}, but it spoke once more`;
  return `${place}, and no challenge ACK was seen`;
}

function whatFollowed(facts: ResetFacts, endNs: number): Evidence {
  const { rst, sender, receiver } = facts;
  const { after, packet } = rst;
  const restMs = Math.max(0, (endNs - packet.tNs) / 1e6);
  const nobody = after.anyFromSender === 0 && after.fromReceiver === 0 && laterRsts(facts, null) === 0;
  const frames = [
    after.newFromSenderFrame,
    after.finFromSenderFrame,
    after.challengeFrame,
    after.lastFromReceiverFrame,
  ];
  const renewed =
    after.renewedFrame > 0 ? `; from frame ${after.renewedFrame} on the same ports carry another connection` : '';
  const text = nobody
    ? renewed !== ''
      ? `afterwards both sides were silent${renewed}`
      : restMs < 1
        ? 'the capture ends with it'
        : `afterwards both sides were silent, for the ${ms(restMs)} that the capture goes on`
    : `afterwards ${did(facts, sender)}; ${did(facts, receiver)}${renewed}`;
  return shown(facts, 'afterwards', [...new Set([packet.frame, ...frames])], text);
}

function did(facts: ResetFacts, side: Side): string {
  const { after } = facts.rst;
  const ofSender = side === facts.sender;
  const said = ofSender
    ? [
        count(after.newFromSender, 'new segment'),
        count(after.repeatsFromSender, 'retransmission'),
        after.synAckFromSender > 0 ? 'a SYN+ACK' : '',
        after.finFromSenderFrame > 0 ? 'a FIN' : '',
      ]
    : [
        after.challengeFrame > 0 ? 'an ACK' : '',
        count(after.newDataFromReceiver, 'segment with new data', 'segments with new data'),
        count(after.repeatsFromReceiver, 'retransmission'),
        count(after.synFromReceiver, 'SYN'),
        after.finFromReceiverFrame > 0 ? 'a FIN' : '',
      ];
  const rsts = laterRsts(facts, side);
  const more = facts.sender !== side ? count(rsts, 'RST') : rsts === 1 ? 'another RST' : count(rsts, 'more RST');
  const all = [...said, more].filter(Boolean);
  const any = ofSender ? after.anyFromSender : after.fromReceiver;
  if (all.length === 0) return any > 0 ? `the ${side} only acknowledged` : `the ${side} was silent`;
  const last = ((ofSender ? after.lastFromSenderNs : after.lastFromReceiverNs) - facts.rst.packet.tNs) / 1e6;
  const until = any > 0 && last >= 1 ? (any + rsts > 1 ? `, the last ${ms(last)} later` : ` ${ms(last)} later`) : '';
  return `the ${side} sent ${all.join(', ')}${until}`;
}

/** RSTs behind the decisive one: of one side or, for null, of both. */
function laterRsts(facts: ResetFacts, side: Side | null): number {
  const { clientSide, rst } = facts;
  return facts.rsts.filter(({ packet, duplicateOf }) => {
    const of = packet.side === clientSide ? 'client' : 'server';
    if (rst.after.renewedFrame > 0 && packet.frame > rst.after.renewedFrame) return false;
    return packet.frame > rst.packet.frame && duplicateOf === null && side !== other(of);
  }).length;
}

function count(number: number, one: string, many: string = `${one}s`): string {
  return number === 0 ? '' : number === 1 ? `a ${one}` : `${number} ${many}`;
}

function bytes(number: number): string {
  return number === 1 ? '1 byte' : `${number} bytes`;
}

function relative(seq: number, { from }: RstRecord): string {
  return from.startSeq < 0 ? `${seq} (raw)` : String(seqDiff(seq, from.startSeq) + 1);
}
