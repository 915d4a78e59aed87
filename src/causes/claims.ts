/**
 * What a RST says of its own cause, and what that is worth. Whoever can send the RST can write its payload: a statement
 * makes a cause likely at best, less where the packets speak against it, and names no device but as what it says it is.
 */
import type { CauseId } from '../terms/causes.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import { statementsOf, type Statement } from '../evidence/rst-payload.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import { MP_CAPABLE, MP_DSS, MP_FASTCLOSE, MP_JOIN } from '../wire/mptcp.ts';
import { shown, type Cause, type Judgement, type ResetCase } from './define.ts';

export interface Claim {
  readonly id: CauseId;
  readonly evidence: Evidence;
}

/** The cause that the decisive RST claims; null where it says nothing that names one. */
export function claimOf(facts: ResetFacts): Claim | null {
  for (const statement of statementsOf(facts.rst)) {
    const id = causeOf(statement, facts);
    if (id !== null) return { id, evidence: evidenceOf(facts, facts.rst, statement) };
  }
  return null;
}

/** A claimed cause as a firing: strengthened where the packets agree, and a possibility where they do not. */
export function believed(claim: Claim, own: Firing | undefined, cause: Cause, { mechanism }: ResetCase): Firing {
  if (own !== undefined) {
    const { twins: _, wouldTell: __, ...rest } = own;
    const weight = 1 - (1 - own.weight) * DOUBT_LEFT;
    const level = mechanism.actor === 'endpoint' ? 'likely' : own.level;
    return { ...rest, weight, level, evidence: [claim.evidence, ...own.evidence] };
  }
  const fits = mechanism.level === 'possible' || cause.mechanisms.includes(mechanism.mechanism);
  const doubtful = mechanism.actor !== 'endpoint' || !fits;
  return {
    outcome: 'fires',
    weight: fits && mechanism.mechanism !== 'forged' ? SAID : CONTRADICTED,
    level: doubtful ? 'possible' : 'likely',
    evidence: [claim.evidence],
    ...(doubtful ? { wouldTell: 'whether what the RST says of itself is true: the log of the device it names.' } : {}),
  };
}

type Firing = Extract<Judgement, { outcome: 'fires' }>;

/** Of the doubt in what the packets show, when the RST says the same. */
const DOUBT_LEFT = 0.4;
/** Said by the RST alone; and said against what the packets show. */
const SAID = 0.75;
const CONTRADICTED = 0.3;

/** Every statement of the connection’s RSTs, and that it is but one path of Multipath TCP, as evidence. */
export function statementEvidence(facts: ResetFacts): Evidence[] {
  const found: Evidence[] = [];
  for (const rst of facts.rsts) {
    if (rst.duplicateOf !== null || found.length >= MOST_STATEMENTS) continue;
    for (const statement of statementsOf(rst)) found.push(evidenceOf(facts, rst, statement));
  }
  if (isSubflow(facts)) found.push(subflowEvidence(facts));
  return found;
}

const MOST_STATEMENTS = 3;

/** What a RST says, for lists: its payload, then its options; undefined when it says nothing. */
export function saysOf(rst: RstRecord): string | undefined {
  const all = statementsOf(rst).map(({ says }) => says);
  return all.length === 0 ? undefined : all.join('; ');
}

/** The connection was negotiated as Multipath TCP, or joined to one: a RST ends this path of it (RFC 8684 §3.6). */
export function isSubflow({ half }: ResetFacts): boolean {
  const opened = (1 << MP_CAPABLE) | (1 << MP_JOIN) | (1 << MP_DSS);
  return (half.client.mptcpSubtypes & opened) !== 0 && (half.server.mptcpSubtypes & opened) !== 0;
}

/** The RST ends this path of a Multipath TCP connection only; the rest may go on. */
export function endsSubflowOnly(facts: ResetFacts): boolean {
  return isSubflow(facts) && (facts.rst.mptcpSubtypes & (1 << MP_FASTCLOSE)) === 0;
}

function evidenceOf(facts: ResetFacts, rst: RstRecord, { form, says, device, ofPeer }: Statement): Evidence {
  const whose = rst === facts.rst ? 'the RST' : `another RST, frame ${rst.packet.frame},`;
  const author = device === '' ? '' : `says it is from a ${device}, and why`;
  const text: Readonly<Record<Statement['form'], string>> = {
    'big-ip': `${whose} ${author}: “${says}”${ofPeer ? ' ({peer}: what happened on its other connection)' : ''}`,
    'diagnostic-payload': `${whose} carries the diagnostic payload of an IETF draft: ${says}`,
    'reason-number': `${whose} carries ${says}`,
    text: `${whose} carries a text: “${says}”`,
    bytes: `${whose} carries a payload of no known form: ${says}`,
    mptcp: `${whose} says by MPTCP option: ${says}`,
  };
  return shown(facts, `rst-says-${form}`, [rst.packet.frame], text[form]);
}

function subflowEvidence(facts: ResetFacts): Evidence {
  const joined = ((facts.half.client.mptcpSubtypes | facts.half.server.mptcpSubtypes) & (1 << MP_JOIN)) !== 0;
  const text = endsSubflowOnly(facts)
    ? `this is ${joined ? 'an additional' : 'the first'} subflow of a Multipath TCP connection: the RST ends the subflow, and the connection may go on over another`
    : 'all subflows of this Multipath TCP connection end with it';
  return shown(facts, 'mptcp-subflow', [facts.firstFrame, facts.rst.packet.frame], text);
}

/** A reason in a device’s or registry’s words, and the cause it names. */
type Reading = readonly [reason: RegExp, id: CauseId | ((facts: ResetFacts) => CauseId)];

/** Quiet for so long before, a forgotten state has expired. */
const QUIET_MS = 1000;

/** `tmsh show net rst-cause` lists such reasons; all were seen in published captures, logs or counters. */
const BIG_IP: readonly Reading[] = [
  [/^Flow expired|idle timeout/i, 'idle-timeout'],
  [/^No flow found/i, (facts) => ((facts.quietMs ?? 0) >= QUIET_MS ? 'firewall-state-expiry' : 'no-socket')],
  [/^(No local listener|Port denied)/i, (facts) => (facts.phase === 'connect' ? 'refused' : 'no-socket')],
  [/^(Connection limit exceeded|Policy action|TCP 3WHS rejected)/i, 'policy-abort'],
  [/^TCP RST from remote system/i, 'relayed'],
];

const DIAGNOSTIC: readonly Reading[] = [
  [/^new data received after CLOSE$/, 'data-after-close'],
  [/^ABORT$/, 'linger-zero'],
  [/^not authorized$/, (facts) => (facts.phase === 'connect' ? 'firewall-reject' : 'policy-abort')],
  [/^resource exceeded$/, 'resource-exhaustion'],
  [/^reset received from the peer$/, 'relayed'],
  // The draft's own example: a NAT whose mapping expired.
  [/^connection timeout$/, (facts) => (facts.trigger === null ? 'idle-timeout' : 'firewall-state-expiry')],
];

const MPTCP: readonly Reading[] = [
  [/^lack of resources$/, 'resource-exhaustion'],
  [/^administratively prohibited$/, 'policy-abort'],
];

function causeOf({ form, reason, ofPeer }: Statement, facts: ResetFacts): CauseId | null {
  if (ofPeer) return 'relayed';
  const table = form === 'big-ip' ? BIG_IP : form === 'diagnostic-payload' ? DIAGNOSTIC : form === 'mptcp' ? MPTCP : [];
  const id = table.find(([pattern]) => pattern.test(reason))?.[1];
  return id === undefined ? null : typeof id === 'function' ? id(facts) : id;
}
