import { describe, expect, it } from 'vitest';
import { resetFacts } from './testing/facts.ts';
import { abortCounters, forwards, hostPort, lasting, serviceJournal, socketsOn, urlOf, who } from './telling.ts';

describe('words that causes share', () => {
  const facts = resetFacts();

  it('name a side by its role and, where it is known, its name', () => {
    expect(who(facts, 'server')).toBe('the server 10.0.0.5:443');
    const balancer = resetFacts({ server: { role: 'load-balancer', name: 'edge' } });
    expect(who(balancer, 'server')).toBe('the load balancer edge (10.0.0.5:443)');
    expect(forwards(balancer.server)).toBe(true);
    expect(forwards(facts.server)).toBe(false);
    expect(who(resetFacts({ client: { role: 'unknown' } }), 'client')).toBe('the client 10.0.0.9:51234');
  });
  it('put an IPv6 address into brackets', () => {
    expect(hostPort('2001:db8::1', 443)).toBe('[2001:db8::1]:443');
    expect(hostPort('10.0.0.5', 443)).toBe('10.0.0.5:443');
  });
  it('make a URL of the service: https where TLS was spoken or is usual', () => {
    expect(urlOf(facts)).toBe('https://10.0.0.5:443/');
    expect(urlOf(resetFacts({ server: { port: 8080 } }))).toBe('http://10.0.0.5:8080/');
    expect(urlOf(resetFacts({ server: { port: 8080 }, app: { isTls: true } }))).toBe('https://10.0.0.5:8080/');
  });
  it('own up to a time that is not known', () => {
    expect(lasting(null)).toBe('an unknown time');
    expect(lasting(3000)).toBe('3.0 s');
  });
});

describe('commands that causes share', () => {
  const facts = resetFacts();

  it('look on the host of the side, from its own point of view', () => {
    expect(socketsOn(facts, 'server')).toMatchObject({
      text: expect.stringContaining('On 10.0.0.5:'),
      command: expect.stringContaining('sport = :443'),
    });
    expect(socketsOn(facts, 'client')).toMatchObject({
      text: expect.stringContaining('On 10.0.0.9:'),
      command: expect.stringContaining('dport = :443'),
    });
    expect(abortCounters(facts, 'client').text).toContain('On 10.0.0.9:');
  });
  it('ask the journal for the minute before and after the end', () => {
    const { command } = serviceJournal(resetFacts({ baseSeconds: 1_790_000_000, lastNs: 5e9 }), 'server');
    expect(command).toContain('--since "2026-09-21 14:12:25 UTC" --until "2026-09-21 14:14:25 UTC"');
  });
  it('do not fail on the times of a damaged capture', () => {
    expect(serviceJournal(resetFacts({ baseSeconds: 1e15 }), 'server').command).toContain('9999-12-31');
    expect(serviceJournal(resetFacts({ baseSeconds: 0 }), 'server').command).toContain('1970-01-01 00:00:00');
  });
});
