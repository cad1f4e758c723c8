import { systemClock } from '../../src/kernel/clock.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import { workerOf } from './outbox.ts';

/** A delivery worker as a process of its own, for tests that kill it: `node worker-process.ts <folder> <partner URL>`. */
const [folder = '', url = ''] = process.argv.slice(2);
const store = openSqliteStore({ folder });
const clock = { ...systemClock, advance: () => {} };
workerOf({ folder, store, clock, logged: [], log: silentLog, close: () => store.close() }, url).start();
