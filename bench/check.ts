/** Whether the tools counted what the generator wrote: a fast wrong answer is worth nothing. */

export interface Counted {
  readonly tool: string;
  readonly rstBySender: ReadonlyMap<string, number>;
}

/** One line per finding; the first says whether all agree. */
export function compareCounts(truth: Readonly<Record<string, number>>, counted: readonly Counted[]): readonly string[] {
  const expected = new Map(Object.entries(truth));
  const deviating = counted.filter(({ rstBySender }) => !isSame(expected, rstBySender));
  const names = (list: readonly Counted[]): string => list.map(({ tool }) => tool).join(', ');
  if (deviating.length === 0) {
    return [
      `all tools count the same ${total(expected)} RSTs of ${expected.size} senders: generator, ${names(counted)}`,
    ];
  }
  const agreeing = counted.filter((one) => !deviating.includes(one));
  return [
    `the generator wrote ${total(expected)} RSTs of ${expected.size} senders; ` +
      (agreeing.length > 0 ? `the same count: ${names(agreeing)}` : 'no tool counts the same'),
    ...deviating.map((one) => describeDifference(expected, one)),
  ];
}

function describeDifference(expected: ReadonlyMap<string, number>, { tool, rstBySender }: Counted): string {
  const ipv4 = new Map([...expected].filter(([sender]) => !sender.includes(':')));
  const sum = `differs: ${tool} counts ${total(rstBySender)} RSTs of ${rstBySender.size} senders`;
  if (isSame(ipv4, rstBySender)) return `${sum}: every IPv4 one and no IPv6 one`;
  const senders = [...new Set([...expected.keys(), ...rstBySender.keys()])];
  const wrong = senders.filter((sender) => expected.get(sender) !== rstBySender.get(sender));
  const examples = wrong.slice(0, 3).map((s) => `${s} ${rstBySender.get(s) ?? 0} instead of ${expected.get(s) ?? 0}`);
  return `${sum}; ${wrong.length} senders wrong, such as ${examples.join(', ')}`;
}

function isSame(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([sender, count]) => b.get(sender) === count);
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
