/** Which scenario a person means: a cause, CAUSE/NAME, or something like it. */
import { Failure } from '../src/cli/failure.ts';
import { toNearest } from '../src/cli/nearest.ts';
import type { Scenario } from './scenario.ts';

/** The scenarios that are meant: one, or those that show a cause. Throws `Failure` with the nearest name. */
export function findScenarios(asked: string, scenarios: readonly Scenario[]): readonly Scenario[] {
  if (asked === '') throw new Failure('name a cause, or CAUSE/NAME', ['firsthand lab   lists them all']);
  const [cause = '', name = ''] = asked.split('/', 2);
  const ofCause = scenarios.filter((scenario) => scenario.cause === cause);
  if (ofCause.length === 0) {
    const meant = toMeant(asked, scenarios);
    const hint = meant === null ? '' : `, did you mean ${meant}?`;
    throw new Failure(`the lab has no cause ${cause}${hint}`, ['firsthand lab   lists them all']);
  }
  if (name === '') {
    const firing = ofCause.filter(({ kind }) => kind === 'fires');
    return firing.length > 0 ? firing : ofCause;
  }
  const found = ofCause.find(({ id }) => id === asked);
  if (found !== undefined) return [found];
  const ids = ofCause.map(({ id }) => id);
  const nearest = toNearest(asked, ids);
  const hint = nearest === null ? '' : `, did you mean ${nearest}?`;
  throw new Failure(`the lab has no scenario ${asked}${hint}`, [`${cause} has ${ids.join(', ')}`]);
}

/** What `--only` names: all without it, else every scenario of a cause, near misses too, or one. Throws `Failure` as above. */
export function chooseScenarios(only: string | undefined, scenarios: readonly Scenario[]): readonly Scenario[] {
  if (only === undefined) return scenarios;
  const chosen = scenarios.filter(({ id, cause }) => id === only || cause === only);
  return chosen.length > 0 ? chosen : findScenarios(only, scenarios);
}

/** A scenario's name without its cause, or what was mistyped in one or the other. */
function toMeant(asked: string, scenarios: readonly Scenario[]): string | null {
  const ids = scenarios.map(({ id }) => id);
  const [word = '', name] = asked.split('/', 2);
  const byName = ids.find((id) => id.endsWith(`/${word}`));
  if (byName !== undefined) return byName;
  const causes = [...new Set(scenarios.map(({ cause }) => cause as string))];
  const cause = toNearest(word, causes) ?? causes.find((one) => one.startsWith(word) || one.endsWith(word)) ?? null;
  if (cause === null || name === undefined) return cause ?? toNearest(asked, ids);
  return ids.find((id) => id === `${cause}/${name}`) ?? toNearest(`${cause}/${name}`, ids) ?? cause;
}
