/** Episodes put in the order of time, and joined where they belong together. */
import type { Episode, Moment } from './define.ts';

/** Clocks of hosts that are kept by NTP differ by less; syslog and nginx stamp whole seconds. */
export const SKEW_MS = 2000;
const MAX_MOMENTS = 200;

/** Moments of several logs: only those that more than one log has a part in, unless there is only one log. */
export function toMoments(
  episodes: readonly Episode[],
  logs: number,
): { readonly moments: readonly Moment[]; readonly moreMoments: number } {
  const sorted = [...episodes].sort((a, b) => Date.parse(a.from) - Date.parse(b.from) || a.input - b.input);
  const all = toRuns(sorted).map(toMoment);
  const wanted = logs === 1 ? all : all.filter((moment) => new Set(moment.episodes.map(({ input }) => input)).size > 1);
  return { moments: wanted.slice(0, MAX_MOMENTS), moreMoments: Math.max(0, wanted.length - MAX_MOMENTS) };
}

/** A run goes on while the next episode begins within the skew of where the run has come to. */
function toRuns(sorted: readonly Episode[]): Episode[][] {
  const runs: Episode[][] = [];
  let untilMs = -Infinity;
  for (const episode of sorted) {
    const run = runs.at(-1);
    if (run && Date.parse(episode.from) <= untilMs + SKEW_MS) run.push(episode);
    else runs.push([episode]);
    untilMs = Math.max(untilMs, Date.parse(episode.to));
  }
  return runs;
}

function toMoment(episodes: readonly Episode[]): Moment {
  const inputsOf = new Map<string, Set<number>>();
  for (const { addresses, input } of episodes) {
    for (const address of addresses) inputsOf.set(address, (inputsOf.get(address) ?? new Set()).add(input));
  }
  const shared = [...inputsOf].filter(([, inputs]) => inputs.size > 1).map(([address]) => address);
  const to = episodes.reduce(
    (latest, one) => (Date.parse(one.to) > Date.parse(latest) ? one.to : latest),
    episodes[0]!.to,
  );
  return { from: episodes[0]!.from, to, episodes, shared };
}
