import { it } from 'vitest';
import { judge } from './testing/read.ts';
const OPEN = `
0   > S
1   < SA
1.1 > A
2   > PA "GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"
3   < A
4   < PA "HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nabc"
4.1 > A
`;
const cases: Record<string, string> = {
  active: OPEN + '10 > PA "GET / HTTP/1.1\\r\\n\\r\\n"\n11 < A\n15 < RA',
  passive: OPEN + '10 > PA "GET / HTTP/1.1\\r\\n\\r\\n"\n11 < R',
  winlike: OPEN + '10 > PA "GET / HTTP/1.1\\r\\n\\r\\n"\n11 < R ack=50',
  reorderFinRst: OPEN + '10 < RA seq=43\n10.01 < FA seq=42\n10.1 > A ack=43',
  reorderFinRstTtl: OPEN + '10 < RA seq=43 ttl=60\n10.01 < FA seq=42\n10.1 > A ack=43',
  mergedSkew: OPEN + '10 > PA "GET / HTTP/1.1\\r\\n\\r\\n"\n11 < RA seq=1042 ttl=60\n31 < PA len=1000 seq=42',
  routeChange: OPEN + '10 < PA len=10 ttl=60\n10.2 > A\n12 > PA len=10\n13 < R ttl=60',
  synRetryRefusedThenAccepted: '0 > S\n1 < RA seq=0 win=0 ts=off id=0 ttl=60\n500 > S\n501 < SA\n501.1 > A\n502 > PA len=5\n503 < A\n504 < PA len=9\n504.1 > A',
  twice: '0 > S\n0.01 > S ttl=63 id=7001\n1 < SA\n1.01 < SA ttl=60\n1.1 > A\n1.11 > A ttl=63 id=7003\n2 > PA len=20\n2.01 > PA len=20 seq=1 ttl=63 id=7005\n3 < R ttl=61\n3.01 < R ttl=60',
};
it('x', () => {
  for (const [name, lines] of Object.entries(cases)) {
    const { mechanism: m, cause, effects, cost, facts } = judge(lines);
    console.log(name, m.mechanism, m.level, m.actor, m.actorLevel, '|', cause.id, cause.level, cause.confidence, cause.group?.join(), effects.join(), cost.impact, cost.retry, facts.history, facts.state, '\n   ', m.evidence.map((e) => e.text).join('; '));
  }
});
