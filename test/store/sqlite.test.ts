import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { describeStoreContract } from './contract.ts';

describeStoreContract('the SQLite store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ginnel-store-'));
  const opened: Store[] = [];
  const open = (): Store => {
    const store = openSqliteStore({ folder });
    opened.push(store);
    return store;
  };
  let current = open();
  return {
    engine: 'sqlite',
    store: current,
    reopen: async () => {
      await current.close();
      current = open();
      return current;
    },
    second: async () => open(),
    tamper: async (text) => {
      const database = new DatabaseSync(join(folder, 'ginnel.db'));
      try {
        database.exec(text);
      } finally {
        database.close();
      }
    },
    dispose: async () => {
      await Promise.all(opened.map((store) => store.close()));
      await rm(folder, { recursive: true });
    },
  };
});
