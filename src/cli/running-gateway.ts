import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadDemoKey, loadKey } from '../auth/demo-clients.ts';
import { requestToken } from '../auth/request-token.ts';
import { smartEndpoints } from '../auth/smart-configuration.ts';
import { GinnelError, refuse } from '../kernel/errors.ts';
import { isJsonObject } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import { dataFolderOfGateway } from './settings.ts';

/** Asked for when nothing is named; the gateway narrows it to what is registered for the client. */
export const EVERY_SCOPE = 'system/*.cruds intake';

/** Where commands find the gateway, without a slash at the end. */
export interface GatewayAddress {
  readonly baseUrl: string;
}

/** By `--url`, or by `gateway.json` that a running gateway writes into its data folder, or on this machine by `PORT`. */
export async function findGateway(url: string | undefined, env: NodeJS.ProcessEnv): Promise<GatewayAddress> {
  const baseUrl = url ?? (await readBaseUrl(env)) ?? `http://localhost:${env.PORT || '8080'}`;
  if (!URL.canParse(baseUrl)) throw refuse('url-invalid', '--url takes an address such as http://localhost:8080.');
  return { baseUrl: baseUrl.replace(/\/$/, '') };
}

async function readBaseUrl(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const file: unknown = JSON.parse(await readFile(join(dataFolderOfGateway(env), 'gateway.json'), 'utf8'));
    return isJsonObject(file) && typeof file.baseUrl === 'string' ? file.baseUrl : undefined;
  } catch {
    // No gateway has run on this data folder, or half a file: the next place to look is as good.
    return undefined;
  }
}

/**
 * An access token for a client whose private key is in `keyFile`, or for a demo client, whose key is in the data folder.
 * Throws a `GinnelError` that says what to do.
 */
export async function accessTokenFor(
  clientId: string,
  gateway: GatewayAddress,
  env: NodeJS.ProcessEnv,
  scope: string = EVERY_SCOPE,
  keyFile?: string,
): Promise<string> {
  const key = keyFile === undefined ? await loadDemoKey(dataFolderOfGateway(env), clientId) : await loadKey(keyFile);
  if (key === undefined && keyFile !== undefined) {
    throw refuse('config-missing-file', `There is no key at ${keyFile}. "ginnel keys ${clientId}" makes one.`);
  }
  if (key === undefined) {
    throw refuse(
      'config-missing-file',
      `There is no key for the client ${clientId} in ${join(dataFolderOfGateway(env), 'demo')}. Start the gateway with demo clients ` +
        '(npm start), set GINNEL_DATA to its data folder, and name one of its demo clients; or give the key of another with --key.',
    );
  }
  const { tokenUrl } = smartEndpoints(gateway.baseUrl);
  const audience = await discoverTokenUrl(gateway);
  const answer = await requestToken({ tokenUrl, audience, clientId, key, scope });
  if (!answer.ok) throw new GinnelError(answer.issues);
  return answer.value.accessToken;
}

/** What the gateway calls its token endpoint: it may know itself by another name than the one it was reached by. */
async function discoverTokenUrl(gateway: GatewayAddress): Promise<string> {
  const { fhirBase, tokenUrl } = smartEndpoints(gateway.baseUrl);
  let body: unknown;
  try {
    const signal = AbortSignal.timeout(LIMITS.deliveryTimeoutMs);
    const response = await fetch(`${fhirBase}/.well-known/smart-configuration`, { signal, redirect: 'error' });
    body = response.ok ? await response.json() : undefined;
  } catch {
    throw refuse(
      'gateway-unreachable',
      `No gateway answers at ${gateway.baseUrl}. Start it (npm start), or name its address with --url.`,
    );
  }
  return isJsonObject(body) && typeof body.token_endpoint === 'string' ? body.token_endpoint : tokenUrl;
}
