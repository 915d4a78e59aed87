import { describe, expect, it } from 'vitest';
import { idleSetting } from './settings.ts';

describe('the idle setting of a software', () => {
  it.each([
    ['nginx/1.22.1', 'server', 'keepalive_timeout'],
    ['awselb/2.0', 'load-balancer', 'idle_timeout.timeout_seconds'],
    ['Apache/2.4.57 (Debian)', 'server', 'KeepAliveTimeout'],
    ['Apache-Coyote/1.1', 'server', 'keepAliveTimeout'],
    ['Kestrel', 'server', 'KeepAliveTimeout'],
  ])('%s', (name, role, setting) => {
    expect(idleSetting(name, role)?.setting).toBe(setting);
  });
  it('is not guessed', () => {
    expect(idleSetting('', 'server')).toBeNull();
    expect(idleSetting('home-grown', 'proxy')).toBeNull();
  });
});
