/** NestJS 11 with both halves: orders run once, a deploy breaks nothing off. node examples/server-nestjs.mjs */
import { once } from 'node:events';
import { Body, Controller, Get, Module, Post, Req, RequestMethod } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createClient } from 'firsthand/client';
import { drain, idempotency, memoryStore } from 'firsthand/server';

let orders = 0;

class Orders {
  create(body, request) {
    orders += 1;
    // The order is made; its answer is lost.
    if (orders === 1) request.socket.resetAndDestroy();
    return { order: orders, item: body.item };
  }

  async report() {
    server.emit('report');
    // Work that takes its time: the deploy comes in the middle.
    await once(process, 'SIGTERM');
    return 'the whole report';
  }
}

class App {
  // Middleware of a module comes after Nest's body parser; app.use() would put it before.
  configure(consumer) {
    const middleware = idempotency({ store: memoryStore() }).express();
    consumer.apply(middleware).forRoutes({ path: '*path', method: RequestMethod.ALL });
  }
}

// What TypeScript writes as @Controller(), @Post('orders') … in front of the classes.
Controller()(Orders);
decorate('create', Post('orders'), [Body(), Req()]);
decorate('report', Get('report'), []);
Module({ controllers: [Orders] })(App);

function decorate(name, route, parameters) {
  route(Orders.prototype, name, Object.getOwnPropertyDescriptor(Orders.prototype, name));
  for (const [at, parameter] of parameters.entries()) parameter(Orders.prototype, name, at);
}

const app = await NestFactory.create(App, { logger: ['error'] });
const server = app.getHttpServer();
// Instead of enableShutdownHooks(), whose app.close() would break off what drain() waits for. Short for the example.
const stop = drain(server, { propagationDelayMs: 2000, idleGraceMs: 500 });
app.use('/ready', stop.readiness);
await app.listen(0, '127.0.0.1');
const url = `http://127.0.0.1:${server.address().port}`;

const client = createClient({ retry: { minDelayMs: 20 } });
const headers = { 'Content-Type': 'application/json' };
const order = await client.fetch(`${url}/orders`, { method: 'POST', headers, body: '{"item":"tea"}' });
console.log(`${order.status} ${await order.text()}, replayed: ${order.headers.get('idempotent-replayed') === 'true'}`);
console.log(`orders made: ${orders}`);

const [report] = await Promise.all([
  client.fetch(`${url}/report`),
  once(server, 'report').then(async () => {
    console.log(`ready: ${(await client.fetch(`${url}/ready`)).status}`);
    process.kill(process.pid, 'SIGTERM');
  }),
]);
console.log(`after SIGTERM: ${report.status} ${await report.text()}, connection: ${report.headers.get('connection')}`);

// A probe does not try again.
const probe = createClient({ retry: false });
console.log(`ready: ${(await probe.fetch(`${url}/ready`)).status}`);

await Promise.all([client.close(), probe.close()]);
const { cut } = await stop.finished;
console.log(`drained, ${cut.length} cut`);
// onModuleDestroy, onApplicationShutdown: database pools, queues.
await app.close();
