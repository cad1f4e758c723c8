import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Io } from '../kernel/io.ts';
import { isJsonObject } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import { dataFolderOfGateway } from './settings.ts';

/**
 * `ginnel received <partner>`: prints what a simulated partner received last, exactly as it was received. The running
 * gateway has written the partner's address into `gateway.json` in its data folder.
 */
export async function runReceived(argv: readonly string[], io: Io): Promise<number> {
  const { positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: {} });
  const [partner, ...more] = positionals;
  if (partner === undefined || more.length > 0) {
    io.err('Name one partner: ginnel received stockport-council\n');
    return 2;
  }
  const addresses = await readAddresses(join(dataFolderOfGateway(io.env), 'gateway.json'));
  if (addresses === undefined) {
    io.err('No gateway with simulated partners has been started on this data folder: npm start\n');
    return 1;
  }
  const address = addresses.get(partner);
  if (address === undefined) {
    io.err(`That partner is not simulated. These are: ${[...addresses.keys()].join(', ')}.\n`);
    return 1;
  }
  try {
    const signal = AbortSignal.timeout(LIMITS.deliveryTimeoutMs);
    const response = await fetch(`${address}/received/latest`, { signal });
    if (response.status === 404) {
      io.err(`${partner} has received nothing yet.\n`);
      return 1;
    }
    const body = await response.text();
    io.out(body.endsWith('\n') ? body : `${body}\n`);
    return 0;
  } catch {
    io.err(`The simulated ${partner} does not answer: is the gateway still running?\n`);
    return 1;
  }
}

/** Addresses of the simulated partners by name; undefined when there is no such file, or no demonstration in it. */
async function readAddresses(file: string): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    const gateway: unknown = JSON.parse(await readFile(file, 'utf8'));
    const demo = isJsonObject(gateway) ? gateway.demo : undefined;
    const received = isJsonObject(demo) ? demo.received : undefined;
    if (!isJsonObject(received)) return undefined;
    return new Map(Object.entries(received).flatMap(([name, url]) => (typeof url === 'string' ? [[name, url]] : [])));
  } catch {
    return undefined;
  }
}
