import { LIMITS } from '../../kernel/limits.ts';
import type { Row } from '../sql/driver.ts';
import type { Sql } from '../sql/statement.ts';

export type ReadRows = (statement: Sql) => Promise<readonly Row[]>;

interface Waiting {
  readonly statement: Sql;
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (fault: unknown) => void;
}

/**
 * Point reads that come while others are under way go to the server together, in one round trip: a packet and a process
 * to wake cost more than the read. Where one of them fails, each is tried alone, so that nobody has another's fault.
 */
export function shareReads(readAll: (statements: readonly Sql[]) => Promise<readonly (readonly Row[])[]>): ReadRows {
  const queue: Waiting[] = [];
  let underWay = 0;
  let scheduled = false;

  // What arrives in one turn of the event loop is there when the turn's last phase begins.
  const schedule = (): void => {
    if (scheduled || queue.length === 0 || underWay >= LIMITS.storeSharedMax) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      while (queue.length > 0 && underWay < LIMITS.storeSharedMax) void run(queue.splice(0, LIMITS.storeGroupMax));
    });
  };
  const run = async (group: readonly Waiting[]): Promise<void> => {
    underWay += 1;
    try {
      const rows = await readAll(group.map(({ statement }) => statement));
      group.forEach(({ resolve }, index) => {
        resolve(rows[index] ?? []);
      });
    } catch (fault) {
      const alone = ({ statement, resolve, reject }: Waiting): Promise<void> =>
        readAll([statement]).then(([rows = []]) => resolve(rows), reject);
      if (group.length > 1) await Promise.all(group.map(alone));
      else group[0]?.reject(fault);
    } finally {
      underWay -= 1;
      schedule();
    }
  };

  return (statement) =>
    new Promise((resolve, reject) => {
      queue.push({ statement, resolve, reject });
      schedule();
    });
}
