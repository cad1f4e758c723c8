import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Issuer, Partner } from '../config/config.ts';
import type { Clock } from '../kernel/clock.ts';
import { type GinnelError, refuse } from '../kernel/errors.ts';
import { sha256Hex } from '../kernel/ids.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Identity, RequestingPerson } from './identity.ts';
import type { IssuerSource } from './issuer.ts';
import type { SignatureAlgorithm } from './key-set.ts';
import { formatScope, intersectScopes, readScopes, type Scope, type ScopeContext } from './scopes.ts';

/** Access tokens of issuers that the configuration names. */
export interface ExternalTokens {
  /** Whether one of them goes by this `iss`. */
  knows(issuer: string): boolean;
  /** Who is asking. Throws `token-invalid`, `token-expired` or `issuer-unavailable`. */
  identify(token: string, issuer: string): Promise<ExternalIdentity>;
}

export interface ExternalIdentity {
  readonly identity: Identity;
  readonly partner: Partner;
}

export interface ExternalTokensParts {
  readonly issuers: Iterable<{ readonly config: Issuer; readonly source: IssuerSource }>;
  readonly partners: ReadonlyMap<string, Partner>;
  /** The `aud` of tokens whose issuer's configuration names none. */
  readonly fhirBase: string;
  readonly clock: Clock;
}

/** What users' applications of another issuer go by: no client of ours can have such a name, and so none of its rights. */
export const EXTERNAL_CLIENT = 'issuer:';

/** What an access token may call itself; ID tokens and logout tokens are for others, which `aud` says too. */
const TYPES: readonly unknown[] = [undefined, 'JWT', 'at+jwt', 'application/at+jwt'];
const RESOURCE_ID = /^[A-Za-z0-9\-.]{1,64}$/;
/** What a claim may bring into the audit. */
const PERSON_TEXT = /^[^\p{Cc}]{1,200}$/u;

/**
 * Verifies tokens of other issuers (RFC 9068 section 4; SMART App Launch 2.2, Scopes and Launch Context). What they give
 * is bounded by the configuration: their partner, their scopes, and one patient where the launch was for one.
 */
export function createExternalTokens({ issuers, partners, fhirBase, clock }: ExternalTokensParts): ExternalTokens {
  const byIssuer = new Map([...issuers].map((one) => [one.config.issuer, one]));
  return {
    knows: (issuer) => byIssuer.has(issuer),
    identify: async (token, issuer) => {
      const found = byIssuer.get(issuer);
      if (found === undefined) throw invalid();
      const claims = await readToken(token, found, fhirBase, clock.now());
      const partner = partners.get(partnerOf(claims, found.config) ?? '');
      if (partner === undefined) throw invalid();
      const launchPatient = readLaunchPatient(claims);
      const identity: Identity = {
        client: `${EXTERNAL_CLIENT}${found.config.name}`,
        partner: partner.name,
        organisation: partner.organisation,
        scopes: grantedScopes(claims, found.config, launchPatient).map(formatScope),
        tokenId: tokenIdOf(token, claims),
        expiresAt: new Date((claims.exp ?? 0) * 1000),
        ...(launchPatient === undefined ? {} : { launchPatient }),
        ...personOf(claims, found.config),
      };
      return { identity, partner };
    },
  };
}

/** Our name for a token of theirs in the audit: its `jti` where that may stand there. */
export function tokenIdOf(token: string, claims: JWTPayload): string {
  const { jti } = claims;
  return typeof jti === 'string' && /^[\x21-\x7e]{1,100}$/.test(jti) ? jti : sha256Hex(token).slice(0, 32);
}

async function readToken(
  token: string,
  { config, source }: { readonly config: Issuer; readonly source: IssuerSource },
  fhirBase: string,
  now: Date,
): Promise<JWTPayload> {
  try {
    const { alg, kid, typ } = decodeProtectedHeader(token);
    const isAllowed = typeof alg === 'string' && config.algorithms.includes(alg) && TYPES.includes(typ);
    if (!isAllowed || typeof kid !== 'string') throw invalid();
    // The key is found by `kid` and algorithm in the issuer's own set; what else the header brings plays no part.
    const key = await source.findKey(kid, alg as SignatureAlgorithm);
    if (key === 'unavailable')
      throw refuse('issuer-unavailable', 'The issuer of this token cannot be asked for its keys.');
    if (key === undefined) throw invalid();
    const { payload } = await jwtVerify(token, key, {
      algorithms: [alg],
      issuer: config.issuer,
      requiredClaims: ['exp', 'iat'],
      currentDate: now,
    });
    const audiences = Array.isArray(payload.aud) ? payload.aud : [payload.aud];
    const nowSeconds = now.getTime() / 1000;
    const { exp = 0, iat = 0, nbf = 0 } = payload;
    const isInTime = Math.max(iat, nbf) <= nowSeconds + LIMITS.clockSkewSeconds;
    if (!audiences.includes(config.audience ?? fhirBase) || !isInTime) throw invalid();
    if (exp - iat > LIMITS.externalTokenLifetimeSecondsMax) throw invalid();
    return payload;
  } catch (fault) {
    if (fault instanceof errors.JWTExpired)
      throw refuse('token-expired', 'The access token has expired; ask for a new one.');
    if (fault instanceof errors.JOSEError || fault instanceof TypeError) throw invalid();
    throw fault;
  }
}

function partnerOf(claims: JWTPayload, { partner }: Issuer): string | undefined {
  if (partner.kind === 'fixed') return partner.name;
  const value = claimText(claims, partner.claim);
  return value === undefined ? undefined : partner.values.get(value);
}

/** Asked and configured, each context by itself. `patient/` scopes without a patient give nothing. */
function grantedScopes(claims: JWTPayload, config: Issuer, launchPatient: string | undefined): readonly Scope[] {
  const { scope, scp } = claims;
  const given = typeof scope === 'string' ? scope : scp;
  const texts = (typeof given === 'string' ? given.split(' ') : Array.isArray(given) ? given : []).filter(
    (text): text is string => typeof text === 'string',
  );
  const contexts: ScopeContext[] = launchPatient === undefined ? ['system', 'user'] : ['system', 'user', 'patient'];
  const found = contexts.flatMap((context) => {
    const asked = readScopes(texts.slice(0, LIMITS.scopesMax), [context]);
    return intersectScopes(asked, readScopes(config.scopes, [context]));
  });
  const everything: Scope = { kind: 'resource', type: '*', permissions: 'cruds' };
  return intersectScopes(
    found.filter(({ kind }) => kind === 'resource'),
    [everything],
  );
}

function readLaunchPatient({ patient }: JWTPayload): string | undefined {
  if (patient === undefined) return undefined;
  const id = typeof patient === 'string' ? patient.replace(/^Patient\//, '') : '';
  // A launch for somebody that we cannot name must not become a launch for everybody.
  if (!RESOURCE_ID.test(id)) throw invalid();
  return id;
}

function personOf(claims: JWTPayload, { person }: Issuer): { readonly person?: RequestingPerson } {
  const value = person === undefined ? undefined : claimText(claims, person.claim);
  if (person === undefined || value === undefined) return {};
  const name = person.name === undefined ? undefined : claimText(claims, person.name);
  const role = person.role === undefined ? undefined : claimText(claims, person.role);
  return {
    person: {
      identifier: { system: person.system, value },
      ...(name === undefined ? {} : { name }),
      ...(role === undefined ? {} : { role }),
    },
  };
}

function claimText(claims: JWTPayload, name: string): string | undefined {
  const value: unknown = Object.hasOwn(claims, name) ? claims[name] : undefined;
  return typeof value === 'string' && PERSON_TEXT.test(value) ? value : undefined;
}

function invalid(): GinnelError {
  return refuse('token-invalid', 'The access token is not one that its issuer gave for this gateway.');
}
