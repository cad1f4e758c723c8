import type { CryptoKey } from 'jose';
import type { Issuer } from '../config/config.ts';
import type { Clock } from '../kernel/clock.ts';
import { isJsonObject } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Log } from '../kernel/log.ts';
import { fetchDocument, isKeySetUrl } from './fetch-key-set.ts';
import { type KeySet, readKeySet, type SignatureAlgorithm } from './key-set.ts';

/** What an issuer says of itself (OpenID Connect Discovery 1.0 section 3; RFC 8414 section 2). */
export interface IssuerDescription {
  readonly jwksUrl: string;
  readonly authorizationUrl: string | undefined;
  readonly tokenUrl: string | undefined;
}

/** Another authorization server, as far as we need it. */
export interface IssuerSource {
  /** Undefined while it cannot be had: why is in the log. */
  describe(): Promise<IssuerDescription | undefined>;
  /** Undefined where it has no such key; `unavailable` while its keys cannot be had. */
  findKey(kid: string, algorithm: SignatureAlgorithm): Promise<CryptoKey | 'unavailable' | undefined>;
}

interface Held<T> {
  readonly value: T | undefined;
  readonly lookedAtMs: number;
  readonly freshUntilMs: number;
}

/**
 * Description and keys of an issuer, cached, bounded in size and time, without redirects. Its description must be its
 * own (`issuer` exactly), and every address in it on the issuer's own origin: keys elsewhere need `jwksUrl` in the
 * configuration.
 */
export function createIssuerSource(
  config: Pick<Issuer, 'name' | 'issuer' | 'jwksUrl' | 'algorithms'>,
  parts: { readonly clock: Clock; readonly log: Log },
): IssuerSource {
  const description = createHeld<IssuerDescription>(parts, async () => {
    const { text, freshForMs } = await fetchFirst(descriptionUrls(config.issuer));
    return { value: readDescription(text, config), freshForMs };
  });
  const keys = createHeld<KeySet>(parts, async () => {
    const url = config.jwksUrl ?? (await description.get(config.name))?.jwksUrl;
    if (url === undefined) throw new IssuerError('description-unavailable');
    const { text, freshForMs } = await fetchDocument(url);
    return { value: await readKeySet(text, config.algorithms as SignatureAlgorithm[]), freshForMs };
  });
  return {
    describe: () => description.get(config.name),
    findKey: async (kid, algorithm) => {
      const set = await keys.get(config.name);
      const key = set?.find(kid, algorithm);
      if (key !== undefined) return key;
      // A key that the issuer has just begun to use. Anyone can send a `kid`, so it is asked once in a while only.
      const again = await keys.renew(config.name);
      return again === undefined ? 'unavailable' : again.find(kid, algorithm);
    },
  };
}

/** Why an issuer cannot be used. Closed, so that it may be logged. */
export class IssuerError extends Error {
  readonly fault: 'description-unavailable' | 'not-a-description' | 'issuer-differs' | 'origin-differs';

  constructor(fault: IssuerError['fault']) {
    super(`the issuer cannot be used: ${fault}`);
    this.name = 'IssuerError';
    this.fault = fault;
  }
}

/** One look at a time; a good one serves for its time, after a bad one it is a while until the next. */
function createHeld<T>(
  parts: { readonly clock: Clock; readonly log: Log },
  look: () => Promise<{ readonly value: T; readonly freshForMs: number }>,
) {
  let held: Held<T> | undefined;
  let underWay: Promise<T | undefined> | undefined;
  const nowMs = (): number => parts.clock.now().getTime();
  const lookOnce = (name: string): Promise<T | undefined> => {
    underWay ??= (async () => {
      const lookedAtMs = nowMs();
      try {
        const { value, freshForMs } = await look();
        held = { value, lookedAtMs, freshUntilMs: lookedAtMs + Math.max(freshForMs, LIMITS.jwksCooldownMs) };
      } catch (fault) {
        const { name: kind, fault: reason } = fault as { name?: string; fault?: string };
        const state = [kind, reason].filter((part) => typeof part === 'string').join(' ');
        parts.log.warn('issuer cannot be used', { client: name, fault: state });
        const serves = held?.value !== undefined && lookedAtMs < held.freshUntilMs;
        held = serves
          ? { ...(held as Held<T>), lookedAtMs }
          : { value: undefined, lookedAtMs, freshUntilMs: lookedAtMs + LIMITS.jwksCooldownMs };
      } finally {
        underWay = undefined;
      }
      return held.value;
    })();
    return underWay;
  };
  return {
    get: async (name: string): Promise<T | undefined> =>
      held !== undefined && nowMs() < held.freshUntilMs ? held.value : lookOnce(name),
    renew: async (name: string): Promise<T | undefined> =>
      held !== undefined && nowMs() - held.lookedAtMs < LIMITS.jwksCooldownMs ? held.value : lookOnce(name),
  };
}

/** OpenID Connect appends to the issuer's path; RFC 8414 section 3.1 puts its part before it. */
function descriptionUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
}

async function fetchFirst(urls: readonly string[]): Promise<{ text: string; freshForMs: number }> {
  let last: unknown;
  for (const url of urls) {
    try {
      return await fetchDocument(url, LIMITS.discoveryCacheMs);
    } catch (fault) {
      last = fault;
    }
  }
  throw last;
}

function readDescription(text: string, config: Pick<Issuer, 'issuer' | 'jwksUrl'>): IssuerDescription {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new IssuerError('not-a-description');
  }
  if (!isJsonObject(document)) throw new IssuerError('not-a-description');
  if (document.issuer !== config.issuer) throw new IssuerError('issuer-differs');
  const { origin } = new URL(config.issuer);
  const addressOf = (member: unknown): string | undefined => {
    if (member === undefined) return undefined;
    if (typeof member !== 'string' || !isKeySetUrl(member)) throw new IssuerError('not-a-description');
    if (new URL(member).origin !== origin) throw new IssuerError('origin-differs');
    return member;
  };
  const jwksUrl = config.jwksUrl ?? addressOf(document.jwks_uri);
  if (jwksUrl === undefined) throw new IssuerError('not-a-description');
  return {
    jwksUrl,
    authorizationUrl: addressOf(document.authorization_endpoint),
    tokenUrl: addressOf(document.token_endpoint),
  };
}
