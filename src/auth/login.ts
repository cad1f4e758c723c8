import { decodeJwt } from 'jose';
import type { AuditInput } from '../audit/event.ts';
import type { Issuer } from '../config/config.ts';
import type { Clock } from '../kernel/clock.ts';
import { GinnelError } from '../kernel/errors.ts';
import { isJsonObject } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Log } from '../kernel/log.ts';
import type { NewAudit, Store } from '../store/store.ts';
import type { ExternalTokens } from './external-tokens.ts';
import { readBounded } from './fetch-key-set.ts';
import type { IssuerSource } from './issuer.ts';
import type { OAuthRequest } from './oauth.ts';
import { type RefusalReason, TokenRefusal } from './refusals.ts';

export interface LoginParts {
  readonly config: Issuer;
  readonly source: IssuerSource;
  readonly external: ExternalTokens;
  readonly store: Pick<Store, 'commit'>;
  readonly buildAudit: (input: AuditInput) => NewAudit;
  readonly clock: Clock;
  readonly log: Log;
}

/** Exchanges what a login gave for a token, at the issuer. */
export type Login = (fields: ReadonlyMap<string, string>, request: OAuthRequest) => Promise<Record<string, unknown>>;

/** What the issuer says no with (RFC 6749 section 5.2), in our own words: its text may name a person. */
const ISSUER_REFUSALS: ReadonlyMap<unknown, RefusalReason> = new Map<unknown, RefusalReason>([
  ['invalid_grant', 'login-grant-refused'],
  ['invalid_client', 'login-client-refused'],
  ['invalid_scope', 'login-scope-refused'],
]);

/** What is passed on of an answer (RFC 6749 section 5.1, SMART App Launch 2.2, Obtain access token). */
const PASSED_ON = ['access_token', 'token_type', 'expires_in', 'refresh_token', 'id_token', 'patient'];

/**
 * SMART App Launch, its last step: the application brings the code (with PKCE) or a refresh token to our token endpoint,
 * and the issuer, who gave it, says what it is worth. Nothing of a user's login is kept here. A token that would not be
 * accepted here is not passed on: the application would only learn it later.
 */
export function createLogin(parts: LoginParts): Login {
  return async (fields, request) => {
    if (fields.get('grant_type') === 'authorization_code' && fields.get('code_verifier') === undefined)
      throw new TokenRefusal('code-verifier-missing');
    const tokenUrl = (await parts.source.describe())?.tokenUrl;
    if (tokenUrl === undefined) throw new TokenRefusal('issuer-unavailable');
    const body = await askIssuer(tokenUrl, fields, request);
    const { access_token: token, token_type: type } = body;
    if (typeof token !== 'string' || typeof type !== 'string' || type.toLowerCase() !== 'bearer')
      throw new TokenRefusal('issuer-unavailable');
    const { identity } = await identify(token, parts);
    const { launchPatient } = identity;
    const { correlationId, address } = request;
    const who = { correlationId, client: identity.client, partner: identity.partner };
    const { tokenId, scopes } = identity;
    const audit = parts.buildAudit({ kind: 'token', recorded: parts.clock.now(), address, tokenId, scopes, ...who });
    await parts.store.commit({ writes: [], deliveries: [], audit: [audit] });
    parts.log.info('token passed on', who);
    const passed = PASSED_ON.filter((name) => body[name] !== undefined).map((name) => [name, body[name]]);
    return {
      ...Object.fromEntries(passed),
      // What it is worth here, which may be less than the issuer says.
      scope: scopes
        .map((scope) => (launchPatient === undefined ? scope : scope.replace(/^system\//, 'patient/')))
        .join(' '),
      ...(launchPatient === undefined ? {} : { patient: launchPatient }),
    };
  };
}

async function identify(token: string, { external, config }: LoginParts) {
  try {
    if (decodeJwt(token).iss !== config.issuer) throw new TokenRefusal('login-token-refused');
    return await external.identify(token, config.issuer);
  } catch (fault) {
    if (fault instanceof GinnelError || (fault instanceof Error && fault.name === 'JWTInvalid'))
      throw new TokenRefusal('login-token-refused');
    throw fault;
  }
}

/** Bounded in size and time, without redirects: a code goes to the issuer and to nobody else. */
async function askIssuer(
  tokenUrl: string,
  fields: ReadonlyMap<string, string>,
  { authorization }: OAuthRequest,
): Promise<Record<string, unknown>> {
  let status: number;
  let body: unknown;
  try {
    const response = await fetch(tokenUrl, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.timeout(LIMITS.jwksTimeoutMs),
      headers: { Accept: 'application/json', ...(authorization === undefined ? {} : { Authorization: authorization }) },
      body: new URLSearchParams([...fields]),
    });
    status = response.status;
    body = JSON.parse(await readBounded(response));
  } catch {
    throw new TokenRefusal('issuer-unavailable');
  }
  if (!isJsonObject(body) || status >= 500) throw new TokenRefusal('issuer-unavailable');
  if (status !== 200) throw new TokenRefusal(ISSUER_REFUSALS.get(body.error) ?? 'login-request-refused');
  return body;
}
