import { afterAll, beforeAll } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import { runSql, startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { describeStoreContract } from './contract.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startTestPostgres();
});
afterAll(() => server.stop());

describeStoreContract('the PostgreSQL store', async () => {
  const url = await server.takeDatabase();
  const opened: Store[] = [];
  const open = async (): Promise<Store> => {
    const store = await openPostgresStore({ url });
    opened.push(store);
    return store;
  };
  const first = await open();
  let current = first;
  return {
    engine: 'postgres',
    store: first,
    reopen: async () => {
      await current.close();
      current = await open();
      return current;
    },
    second: open,
    tamper: async (text) => {
      await runSql(url, text);
    },
    dispose: async () => {
      await Promise.all(opened.map((store) => store.close()));
      await server.giveBack(url);
    },
  };
});
