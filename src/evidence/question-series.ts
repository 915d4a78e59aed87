/** Connections that ask the same short question again and again, as health checks do that speak a protocol. */
import type { ResetFacts } from './facts.ts';
import { toSeries, type Population, type ProbeSeries } from './population.ts';

/** Longer than any question of a health check known here (HAProxy’s redis-check: 14 bytes; an HTTP head: below 300). */
const SHORT_BYTES = 512;
/** Fewer questions show no schedule. */
const LEAST = 4;

const SERIES = new WeakMap<Population, Map<string, ProbeSeries>>();

/**
 * The connections of this client to this listener that carried the very same: one short question, one answer, then the
 * client’s RST; null where they are few or keep no schedule.
 */
export function questionSeries(population: Population, facts: ResetFacts): ProbeSeries | null {
  let series = SERIES.get(population);
  if (series === undefined) SERIES.set(population, (series = allSeries(population)));
  const question = questionOf(facts);
  return question === null ? null : (series.get(question) ?? null);
}

function allSeries(population: Population): Map<string, ProbeSeries> {
  const byQuestion = new Map<string, ResetFacts[]>();
  for (const facts of population.resets) {
    const question = questionOf(facts);
    if (question === null) continue;
    const alike = byQuestion.get(question);
    if (alike === undefined) byQuestion.set(question, [facts]);
    else alike.push(facts);
  }
  const series = new Map<string, ProbeSeries>();
  for (const [question, alike] of byQuestion) {
    const found = alike.length < LEAST ? null : toSeries(alike);
    if (found?.regular === true) series.set(question, found);
  }
  return series;
}

/** What must be alike; null where the connection carried anything else than one question and its answer. */
function questionOf({ sender, client, server, bytes, app }: ResetFacts): string | null {
  const asked = sender === 'client' && app.turns === 1 && app.lastSpeaker === 'server';
  if (!asked || bytes.client > SHORT_BYTES) return null;
  const { firstText } = app;
  return JSON.stringify([client.host, server.host, server.port, bytes.client, bytes.server, firstText.client]);
}
