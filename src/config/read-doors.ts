import { resolve } from 'node:path';
import type { Issuer, OutAuth, OutTls, SecretPlace, TlsFiles } from './config.ts';

/** What the file says of keys, certificates and issuers → what the gateway uses: absolute paths, defaults filled in. */

export interface TlsFile {
  certificate: string;
  key: string;
  clientAuthority?: string;
}

export type SecretFile = { env?: string; file?: string };

export interface OutAuthFile {
  smart?: { tokenUrl: string; clientId: string; key: string; scope: string };
  basic?: { user: string; password: SecretFile };
  apiKey?: { header: string; secret: SecretFile };
}

export interface OutTlsFile {
  certificate?: string;
  key?: string;
  authority?: string;
}

export interface IssuerFile {
  issuer: string;
  audience?: string;
  jwksUrl?: string;
  algorithms?: string[];
  partner?: string;
  partnerClaim?: { claim: string; values: Record<string, string> };
  scopes: string[];
  person?: { claim: string; system: string; name?: string; role?: string };
  login?: boolean;
}

export function readTls(file: TlsFile | undefined, folder: string): TlsFiles | undefined {
  if (file === undefined) return undefined;
  const { certificate, key, clientAuthority } = file;
  return {
    certificate: resolve(folder, certificate),
    key: resolve(folder, key),
    clientAuthority: clientAuthority === undefined ? undefined : resolve(folder, clientAuthority),
  };
}

export function readOutAuth(
  file: OutAuthFile | undefined,
  folder: string,
  env: NodeJS.ProcessEnv,
): OutAuth | undefined {
  if (file?.smart !== undefined) {
    const { tokenUrl, clientId, key, scope } = file.smart;
    return { kind: 'smart', tokenUrl, clientId, keyFile: resolve(folder, key), scope };
  }
  if (file?.basic !== undefined) {
    const { user, password } = file.basic;
    return { kind: 'basic', user, password: readSecretPlace(password, folder, env) };
  }
  if (file?.apiKey !== undefined) {
    const { header, secret } = file.apiKey;
    return { kind: 'api-key', header, secret: readSecretPlace(secret, folder, env) };
  }
  return undefined;
}

/** The value stays behind a function, so that a configuration can be printed. */
function readSecretPlace({ env: name, file = '' }: SecretFile, folder: string, env: NodeJS.ProcessEnv): SecretPlace {
  if (name !== undefined) return { kind: 'env', name, value: () => env[name] };
  return { kind: 'file', file: resolve(folder, file) };
}

export function readOutTls(file: OutTlsFile | undefined, folder: string): OutTls | undefined {
  if (file === undefined) return undefined;
  const pathOf = (path: string | undefined) => (path === undefined ? undefined : resolve(folder, path));
  return { certificate: pathOf(file.certificate), key: pathOf(file.key), authority: pathOf(file.authority) };
}

export function readIssuer(name: string, file: IssuerFile): Issuer {
  const { partnerClaim, person } = file;
  return {
    name,
    issuer: file.issuer,
    audience: file.audience,
    jwksUrl: file.jwksUrl,
    algorithms: file.algorithms ?? ['RS256', 'ES256'],
    partner:
      partnerClaim === undefined
        ? { kind: 'fixed', name: file.partner ?? '' }
        : { kind: 'claim', claim: partnerClaim.claim, values: new Map(Object.entries(partnerClaim.values)) },
    scopes: file.scopes,
    person: person === undefined ? undefined : { ...person, name: person.name, role: person.role },
    login: file.login ?? false,
  };
}

/** What a schema cannot see of an issuer. */
export function checkIssuers(
  issuers: ReadonlyMap<string, Issuer>,
  files: Readonly<Record<string, IssuerFile>>,
  partners: ReadonlySet<string>,
  wrong: (text: string, path: readonly string[]) => void,
): void {
  const seen = new Set<string>();
  let logins = 0;
  for (const [name, { issuer, partner, login }] of issuers) {
    const path = ['issuers', name];
    const file = files[name];
    if ((file?.partner === undefined) === (file?.partnerClaim === undefined))
      wrong('An issuer has either a partner or a partnerClaim.', path);
    const named = partner.kind === 'fixed' ? [partner.name] : [...partner.values.values()];
    for (const one of named) if (one !== '' && !partners.has(one)) wrong(`There is no partner "${one}".`, path);
    if (seen.has(issuer)) wrong('Two issuers have this address.', [...path, 'issuer']);
    seen.add(issuer);
    if (!URL.canParse(issuer) || new URL(issuer).hash !== '' || new URL(issuer).search !== '')
      wrong('An issuer is an address without a query or a fragment.', [...path, 'issuer']);
    if (login) logins += 1;
    if (login && logins > 1) wrong('Users log in at one issuer; another says so already.', [...path, 'login']);
  }
}
