import { parseArgs } from 'node:util';
import { GinnelError } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { accessTokenFor, EVERY_SCOPE, findGateway } from './running-gateway.ts';

/**
 * `ginnel token <client>`: prints an access token, and nothing else, on standard output, so that
 * `curl -H "Authorization: Bearer $(ginnel token …)"` works. A demo client's key is in the data folder; another's is
 * named by `--key`.
 */
export async function runToken(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { scope: { type: 'string', default: EVERY_SCOPE }, url: { type: 'string' }, key: { type: 'string' } },
  });
  const [client, ...more] = positionals;
  if (client === undefined || more.length > 0) {
    io.err('Name one client: ginnel token gp-practice --scope "system/CarePlan.rs"\n');
    return 2;
  }
  try {
    const gateway = await findGateway(values.url, io.env);
    io.out(`${await accessTokenFor(client, gateway, io.env, values.scope, values.key)}\n`);
    return 0;
  } catch (fault) {
    if (!(fault instanceof GinnelError)) throw fault;
    for (const one of fault.issues) io.err(`${one.text}\n`);
    return 1;
  }
}
