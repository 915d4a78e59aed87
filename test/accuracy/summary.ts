/** The one line with which `npm run accuracy` ends. */
import type { Case } from './cases.ts';
import type { JoinedCase } from './joined.ts';

export interface Summary {
  /** Resets whose bytes name their sender. */
  readonly who: { readonly right: number; readonly of: number };
  /** Resets and silences whose bytes name their cause. */
  readonly why: { readonly right: number; readonly of: number };
  /** Verdicts that named exactly a group of causes which cannot be told apart. */
  readonly groupRight: number;
  readonly abstained: number;
  readonly wrong: number;
  readonly wrongProof: number;
}

/** Every case once: a wrong sender or cause is wrong, otherwise an unknown one is abstained; joined captures count for proofs. */
export function summarize(cases: readonly Case[], joined: readonly JoinedCase[] = []): Summary {
  const who = cases.filter(asksWho);
  const why = cases.filter(asksWhy);
  return {
    who: { right: who.filter((one) => one.who === 'right').length, of: who.length },
    why: { right: why.filter((one) => one.why === 'right').length, of: why.length },
    groupRight: cases.filter((one) => !one.identifiable && one.why === 'right').length,
    abstained: cases.filter((one) => !isWrong(one) && isAbstained(one)).length,
    wrong: cases.filter(isWrong).length,
    wrongProof:
      cases.filter(({ wrongProof }) => wrongProof).length + joined.filter(({ proof, right }) => proof && !right).length,
  };
}

/** Whether the bytes of a case name the sender. */
export function asksWho(one: Case): boolean {
  return one.who !== null && one.senderShows;
}

/** Whether the bytes of a case name the cause, and there is one. */
export function asksWhy(one: Case): boolean {
  return one.identifiable && one.truth.cause !== 'nothing';
}

export function isWrong({ who, why }: Case): boolean {
  return who === 'wrong' || why === 'wrong';
}

export function isAbstained(one: Case): boolean {
  return one.why === 'abstained' || (asksWho(one) && one.who === 'abstained');
}

/** As people and scripts read it. */
export function lineOf({ who, why, groupRight, abstained, wrong, wrongProof }: Summary): string {
  return `who ${who.right}/${who.of} why ${why.right}/${why.of} group ${groupRight} abstained ${abstained} wrong ${wrong} wrong-proof ${wrongProof}`;
}
