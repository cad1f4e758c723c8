/**
 * Commits for as long as it lives, many at a time, and prints the name of each commit that was acknowledged. Its
 * parent kills it in the middle. Arguments: the store, as a folder or the address of a database; a prefix for names.
 */
import { writeSync } from 'node:fs';
import { openPostgresStore } from '../../../src/store/postgres/open-postgres-store.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts';
import { commitNamed } from './named-commit.ts';

const [place = '', prefix = ''] = process.argv.slice(2);
const store = place.startsWith('postgres://')
  ? await openPostgresStore({ url: place })
  : openSqliteStore({ folder: place });

async function commitOnAndOn(lane: number): Promise<void> {
  for (let n = 0; ; n += 1) {
    const name = `${prefix}-${lane}-${n}`;
    const result = await store.commit(commitNamed(name));
    if (!result.ok) throw new Error(`conflict: ${result.conflict}`);
    writeSync(1, `${name}\n`);
  }
}

await Promise.all(Array.from({ length: 12 }, (_, lane) => commitOnAndOn(lane)));
