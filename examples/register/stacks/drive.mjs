/** Asks an application the same questions in the same order and prints all that a program can see of them. */
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';

const EVENTS = ['socket', 'finish', 'response', 'error', 'close'];

/** The routes that every application here has: GET /hello, POST /echo, GET /boom (throws), GET /reset, GET /half. */
export async function drive(port) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await ask(agent, port, 'GET', '/hello');
  await ask(agent, port, 'GET', '/hello');
  await ask(agent, port, 'POST', '/echo', 'a'.repeat(100_000));
  await ask(agent, port, 'GET', '/boom');
  await ask(agent, port, 'GET', '/missing');
  await ask(agent, port, 'GET', '/half');
  await ask(agent, port, 'GET', '/reset');
  const answer = await fetch(`http://127.0.0.1:${port}/hello`);
  console.log('fetch', answer.status, await answer.text());
  await fetch(`http://127.0.0.1:${port}/reset`).catch((error) => tell('fetch', error.cause));
  const unhandled = once(process, 'unhandledRejection');
  fetch(`http://127.0.0.1:${port}/reset`);
  const [reason] = await unhandled;
  tell('unhandled', reason);
  const names = process.eventNames().map((name) => `${String(name)}=${process.listenerCount(name)}`);
  console.log('process', names.sort().join(' '));
  // What would keep the process alive; the number of connections that still close is a matter of turns.
  console.log('kept alive by', [...new Set(process.getActiveResourcesInfo())].sort().join(' '));
  agent.destroy();
}

/** Prints the properties of a socket that another listener or a stored address would change. */
export function look(who, socket) {
  const counts = socket.eventNames().map((name) => `${String(name)}=${socket.listenerCount(name)}`);
  console.log(who, 'listeners', counts.sort().join(' '), 'keys', Object.keys(socket).join(' '));
}

async function ask(agent, port, method, path, body) {
  const request = httpRequest({ agent, port, host: '127.0.0.1', method, path });
  const seen = [];
  for (const name of EVENTS) request.on(name, () => seen.push(name));
  request.on('socket', (socket) => look('client', socket));
  request.on('error', (error) => tell('request', error));
  const closed = new Promise((resolve) => request.on('close', resolve));
  request.on('response', (response) => {
    let text = '';
    for (const name of ['aborted', 'error', 'end', 'close']) response.on(name, () => seen.push(`response ${name}`));
    response.on('error', (error) => tell('response', error));
    response.setEncoding('utf8').on('data', (part) => (text += part));
    // The date changes by itself.
    const headers = response.rawHeaders.map((value, i) => (/^date$/i.test(response.rawHeaders[i - 1]) ? '' : value));
    console.log('headers', headers.join('|'));
    response.on('close', () => console.log('body', response.statusCode, text.length, text.slice(0, 80)));
  });
  request.end(body);
  await closed;
  await new Promise(setImmediate);
  console.log(method, path, seen.join(' '), request.reusedSocket);
  const { socket } = request;
  if (socket && !socket.destroyed && !seen.includes('response end')) await once(socket, 'close');
  console.log('address after close', socket?.destroyed ? String(socket.remoteAddress) : 'open');
}

function tell(who, error) {
  console.log(who, error.name, error.code, error.message, Object.keys(error).join(' '), JSON.stringify({ ...error }));
}
