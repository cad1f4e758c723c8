import { type Connection, openHttp, openMllp } from './connection.ts';
import { namePeople } from './growth-people.ts';
import { requestBytes, type SeededPerson, workOf } from './works.ts';

/**
 * The load generator: a process of its own, which sends one kind of work over a number of connections, the next request
 * of each when the last is answered, and looks at every answer.
 */

export interface LoadOrder {
  readonly httpPort: number;
  readonly mllpPort: number;
  readonly token: string;
  readonly work: string;
  readonly connections: number;
  readonly durationMs: number;
  /** Number of the first request. */
  readonly first: number;
  readonly people: readonly SeededPerson[];
  /** Instead of `people`: so many that `growth-people.ts` names. */
  readonly grown?: number;
}

export interface LoadResult {
  readonly elapsedMs: number;
  /** Of each request, in milliseconds. */
  readonly latencies: Float64Array;
  /** What went wrong first; the figures count only without it. */
  readonly fault: string | undefined;
}

process.on('message', (order: LoadOrder) => {
  void run(order).then((result) => process.send?.(result));
});

let grown: readonly SeededPerson[] = [];

async function run(given: LoadOrder): Promise<LoadResult> {
  if (given.grown !== undefined && given.grown !== grown.length) grown = namePeople(given.grown);
  const order = given.grown === undefined ? given : { ...given, people: grown };
  const work = workOf(order.work);
  const latencies: number[] = [];
  let next = order.first;
  let fault: string | undefined;
  const open = (): Promise<Connection> =>
    work.transport === 'http' ? openHttp(order.httpPort) : openMllp(order.mllpPort);
  const connections = await Promise.all(Array.from({ length: order.connections }, open));
  const startedAt = performance.now();
  const end = startedAt + order.durationMs;
  await Promise.all(
    connections.map(async (connection) => {
      try {
        while (fault === undefined && performance.now() < end) {
          const n = next++;
          const bytes = requestBytes(work, n, order);
          const sentAt = performance.now();
          const answer = await connection.send(bytes);
          latencies.push(performance.now() - sentAt);
          if (!work.accepts(answer, n, order.people)) fault = `${answer.status} ${answer.body.slice(0, 400)}`;
        }
      } catch (thrown) {
        fault = String(thrown);
      } finally {
        connection.close();
      }
    }),
  );
  return { elapsedMs: performance.now() - startedAt, latencies: Float64Array.from(latencies), fault };
}
