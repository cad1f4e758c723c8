import { dirname, join, resolve } from 'node:path';
import { loadDemoKey } from '../auth/demo-clients.ts';
import { requestToken } from '../auth/request-token.ts';
import { smartEndpoints } from '../auth/smart-configuration.ts';
import type { Config } from '../config/config.ts';
import { dataFolderOf } from '../config/data-folder.ts';
import { loadConfig } from '../config/load-config.ts';
import { type RunningGateway, startGateway } from '../gateway.ts';
import { sendMllp } from '../intake/mllp-client.ts';
import { GinnelError, refuse } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Log } from '../kernel/log.ts';
import { startPartners } from './partners.ts';
import { closingLines, createPaint, headingLine } from './screen.ts';
import { sendDay } from './send-day.ts';

export interface DemoParts {
  readonly io: Io;
  readonly log: Log;
  /** Resolves when the process has been asked to stop. */
  readonly stopped: Promise<void>;
  /** Tells the other commands where the gateway and the simulated partners are. */
  readonly announce: (config: Config, gateway: RunningGateway, demo: object) => void;
  /** Whether standard output is a terminal. */
  readonly isTerminal?: boolean | undefined;
}

const EXAMPLE = resolve(import.meta.dirname, '../../examples/stockport-together/ginnel.yaml');

/**
 * The gateway beside simulated partners: starts both, sends the example's day of messages through the real doors and
 * shows what becomes of each, then serves until it is told to stop. The partners start first, because the
 * configuration takes their addresses from the environment.
 */
export async function runDemo(parts: DemoParts): Promise<number> {
  const { io } = parts;
  const paint = createPaint(io.env, parts.isTerminal ?? process.stdout.isTTY === true);
  const ending = new AbortController();
  void parts.stopped.then(() => ending.abort());
  const partners = await startPartners(io.env, { folder: join(dataFolderOf(io.env), 'demo', 'received') });
  try {
    const config = loadConfig(io.env.GINNEL_CONFIG || EXAMPLE, { ...io.env, ...partners.env });
    const gateway = await startGateway(config, parts.log, { demoKeys: true });
    try {
      parts.announce(config, gateway, { demo: { received: partners.received } });
      io.out(`${headingLine(config.title, gateway.baseUrl, gateway.mllpPort, paint)}\n`);
      const door = `http://${reachable(config.http.host)}:${gateway.httpPort}`;
      const totals = await sendDay({
        config,
        folder: join(dirname(config.file), 'samples'),
        doorUrl: door,
        requestToken: createTokenSource(config, gateway.baseUrl, door),
        sendMllp: (message) =>
          sendMllp(reachable(config.mllp.host, false), gateway.mllpPort, message, LIMITS.deliveryTimeoutMs),
        store: gateway.store,
        io,
        paint,
        signal: ending.signal,
      });
      if (!ending.signal.aborted) io.out(`${closingLines(totals, gateway.baseUrl, paint).join('\n')}\n`);
      await parts.stopped;
      return 0;
    } finally {
      await gateway.stop();
    }
  } finally {
    await partners.stop();
  }
}

/** One token for each client of the day, from the real token endpoint. */
function createTokenSource(config: Config, baseUrl: string, door: string): (client: string) => Promise<string> {
  const tokens = new Map<string, Promise<string>>();
  const ask = async (clientId: string): Promise<string> => {
    const key = await loadDemoKey(config.dataFolder, clientId);
    if (key === undefined) throw refuse('config-invalid', `The client ${clientId} has no demo key.`);
    const { tokenUrl } = smartEndpoints(door);
    const audience = smartEndpoints(baseUrl).tokenUrl;
    const answer = await requestToken({ tokenUrl, audience, clientId, key, scope: 'intake' });
    if (!answer.ok) throw new GinnelError(answer.issues);
    return answer.value.accessToken;
  };
  return (clientId) => {
    const token = tokens.get(clientId) ?? ask(clientId);
    tokens.set(clientId, token);
    return token;
  };
}

/** Where we ourselves reach what listens on this host; in a URL, IPv6 takes brackets. */
function reachable(host: string, inUrl = true): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return inUrl && host.includes(':') ? `[${host}]` : host;
}
