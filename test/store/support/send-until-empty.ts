/**
 * A worker as simple as can be: it claims lanes, sends what it gets, settles it, and ends when nothing waits. To send
 * is to insert a row into the table `sent`; what the partner answers is in it, and once that is settled, so is that.
 * Every seventh delivery fails the first time. It starts when it is told on its standard input. Arguments: the address of the database, the owner's name, lease in ms.
 */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Pool } from 'pg';
import { openPostgresStore } from '../../../src/store/postgres/open-postgres-store.ts';
import type { StoredDelivery } from '../../../src/store/store.ts';

const [url = '', owner = '', leaseMs = ''] = process.argv.slice(2);
const store = await openPostgresStore({ url, connectionsMax: 4 });
const partner = new Pool({ connectionString: url, max: 4 });
process.stdout.write('ready\n');
await once(process.stdin, 'data');

async function send(delivery: StoredDelivery): Promise<void> {
  const fails = delivery.attempts === 0 && delivery.seq % 7 === 0;
  const { rows } = await partner.query<{ n: string }>(
    'INSERT INTO sent (delivery, owner, yes) VALUES ($1, $2, $3) RETURNING n',
    [delivery.id, owner, !fails],
  );
  const now = Date.now();
  const settled = await store.settleDelivery({
    id: delivery.id,
    owner,
    at: new Date(now).toISOString(),
    outcome: fails
      ? { kind: 'retry', nextAt: new Date(now + 20).toISOString(), status: 503, issues: [] }
      : { kind: 'delivered', status: 200 },
    durationMs: 1,
    audit: [],
  });
  if (settled) await partner.query('UPDATE sent SET settled = nextval($1) WHERE n = $2', ['sent_n_seq', rows[0]?.n]);
}

while ((await store.nextDeliveryAt()) !== undefined) {
  const now = Date.now();
  const claimed = await store.claimDeliveries({
    owner,
    now: new Date(now).toISOString(),
    leaseUntil: new Date(now + Number(leaseMs)).toISOString(),
    limit: 8,
  });
  if (claimed.length === 0) await setTimeout(10);
  await Promise.all(claimed.map(send));
}
await partner.end();
await store.close();
process.stdin.destroy();
