import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { requestToken } from '../../src/auth/request-token.ts';
import type { ClientKey } from '../../src/auth/sign-assertion.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { type RunningGateway, startGateway } from '../../src/gateway.ts';
import { type Log, silentLog } from '../../src/kernel/log.ts';

/** A whole gateway with a configuration of its own, on free ports: for doors that the example does not have. */
export interface OwnGateway {
  readonly gateway: RunningGateway;
  readonly config: Config;
  readonly folder: string;
  /** What a command of `ginnel` finds it by. */
  readonly env: NodeJS.ProcessEnv;
  token(client: string, key: ClientKey, scope?: string): Promise<string>;
  stop(): Promise<void>;
}

export interface OwnGatewayOptions {
  /** Into a new folder, which is the configuration's. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
  readonly log?: Log;
  /** Where another one has its data: this is a second process beside it. */
  readonly dataFolder?: string;
}

/** `yaml` is the file but for its first lines. */
export async function startOwnGateway(yaml: string, options: OwnGatewayOptions = {}): Promise<OwnGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'ginnel-own-'));
  for (const [name, text] of Object.entries(options.files ?? {})) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  }
  const file = join(folder, 'ginnel.yaml');
  const mappings = resolve(import.meta.dirname, '../../mappings');
  writeFileSync(file, `ginnel: 1\ntitle: A neighbourhood\nmappings: ${mappings}\n${yaml}`);
  const dataFolder = options.dataFolder ?? join(folder, 'data');
  const settings = { PORT: '0', MLLP_PORT: '0', GINNEL_DATA: dataFolder, ...options.env };
  const config = loadConfig(file, settings);
  const gateway = await startGateway(config, options.log ?? silentLog, { demoKeys: false });
  return {
    gateway,
    config,
    folder,
    env: { ...settings, GINNEL_CONFIG: file },
    token: async (clientId, key, scope = 'system/*.cruds intake') => {
      const answer = await requestToken({ tokenUrl: `${gateway.baseUrl}/auth/token`, clientId, key, scope });
      if (!answer.ok) throw new Error(answer.issues.map(({ text }) => text).join('; '));
      return answer.value.accessToken;
    },
    stop: async () => {
      await gateway.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A client's key, and the text of its key set. */
export async function makeClientKey(): Promise<{
  readonly key: ClientKey;
  readonly jwks: string;
  readonly jwk: string;
}> {
  const { privateKey, publicKey } = await generateKeyPair('ES384', { extractable: true });
  const publicJwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  const jwks = JSON.stringify({ keys: [{ ...publicJwk, kid, alg: 'ES384', use: 'sig' }] });
  const jwk = JSON.stringify(await exportJWK(privateKey));
  return { key: { algorithm: 'ES384', kid, privateKey }, jwks, jwk };
}
