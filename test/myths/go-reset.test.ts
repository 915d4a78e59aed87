import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lacks } from './needs.ts';
import { portOf } from './scene.ts';

/** Reads from a connection that the peer resets, then from one that it has closed itself. */
const PROGRAM = `package main

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"syscall"
)

type seen struct {
	Text              string
	ErrClosed, Reset bool
}

func look(err error) seen {
	return seen{err.Error(), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET)}
}

func main() {
	one := make([]byte, 1)
	reset, err := net.Dial("tcp", os.Args[1])
	if err != nil {
		panic(err)
	}
	reset.Write([]byte("x"))
	_, byPeer := reset.Read(one)
	closed, err := net.Dial("tcp", os.Args[1])
	if err != nil {
		panic(err)
	}
	closed.Close()
	_, byUs := closed.Read(one)
	json.NewEncoder(os.Stdout).Encode(map[string]seen{"byPeer": look(byPeer), "byUs": look(byUs)})
}
`;

describe.skipIf(lacks('myth: Go returns net.ErrClosed when the peer resets', ['go']))('a reset in Go', () => {
  it('is syscall.ECONNRESET; net.ErrClosed means that this process closed the connection', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const seen = JSON.parse(await runGo(PROGRAM, `127.0.0.1:${await portOf(server)}`)) as unknown;
    expect(seen).toEqual({
      byPeer: { Text: expect.stringMatching(/read: connection reset by peer$/), ErrClosed: false, Reset: true },
      byUs: { Text: expect.stringMatching(/use of closed network connection$/), ErrClosed: true, Reset: false },
    });
  }, 120_000);
});

async function runGo(program: string, argument: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'firsthand-myth-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'main.go');
  await writeFile(file, program);
  const env = { ...process.env, GOCACHE: join(directory, 'cache'), GO111MODULE: 'off', CGO_ENABLED: '0' };
  const go = spawn('go', ['run', file, argument], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void go.kill());
  return text(go.stdout);
}
