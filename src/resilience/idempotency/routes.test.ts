import { expect, test } from 'vitest';
import { routeOf, Routes } from './routes.ts';

test.each([
  ['/orders', 'POST /orders'],
  ['/orders/17?dry=1', 'POST /orders/*'],
  ['/accounts/8e03978e-40d5-43dd-bc93-6894a57f9324/transfers', 'POST /accounts/*/transfers'],
  ['/v1/orders', 'POST /v1/orders'],
  ['/1/22/x', 'POST /*/*/x'],
  ['/internationalisation/settings', 'POST /internationalisation/settings'],
])('%s is %s', (url, route) => {
  expect(routeOf('POST', url)).toBe(route);
});

test('a pattern of the framework counts before the path', () => {
  expect(routeOf('POST', '/orders/17', '/orders/:name')).toBe('POST /orders/:name');
});

test('a route is trusted from its first transaction on', () => {
  const routes = new Routes();
  expect(routes.transacts('POST /a')).toBe(false);
  routes.learn('POST /a', true);
  expect([routes.transacts('POST /a'), routes.transacts('POST /b')]).toEqual([true, false]);
});

test('one success without a transaction, before or after, and it is trusted no more', () => {
  const routes = new Routes();
  routes.learn('before', false);
  routes.learn('before', true);
  routes.learn('after', true);
  routes.learn('after', false);
  routes.learn('after', true);
  expect([routes.transacts('before'), routes.transacts('after')]).toEqual([false, false]);
});

test('what is remembered is bounded, and what is not remembered is not trusted', () => {
  const routes = new Routes();
  for (let i = 0; i < 5000; i++) routes.learn(`r${i}`, true);
  expect([routes.transacts('r0'), routes.transacts('r4999')]).toEqual([true, false]);
  routes.learn('r0', false);
  expect(routes.transacts('r0')).toBe(false);
});
