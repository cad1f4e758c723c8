/**
 * Tries 25 times at once to create a resource that claims the same identifier, and prints what came of each. It starts
 * when it is told on its standard input. Arguments: the address of the database, a prefix for ids.
 */
import { once } from 'node:events';
import { openPostgresStore } from '../../../src/store/postgres/open-postgres-store.ts';
import { commitOf, sampleWrite } from './samples.ts';

const [url = '', prefix = ''] = process.argv.slice(2);
const store = await openPostgresStore({ url });
process.stdout.write('ready\n');
await once(process.stdin, 'data');
const claims = [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' }];
const results = await Promise.all(
  Array.from({ length: 25 }, (_, n) => store.commit(commitOf({ writes: [sampleWrite(`${prefix}${n}`, { claims })] }))),
);
for (const result of results) process.stdout.write(`${result.ok ? 'made' : result.conflict}\n`);
await store.close();
process.stdin.destroy();
