import {
  compactVerify,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type ProtectedHeaderParameters,
} from 'jose';
import type { Client } from '../config/config.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { ClientKeys } from './client-keys.ts';
import { type AssertionAlgorithm, isAssertionAlgorithm } from './key-set.ts';
import { TokenRefusal } from './refusals.ts';

/** A client's assertion as it was read, before anything in it has been proved. */
export interface Assertion {
  readonly text: string;
  readonly algorithm: AssertionAlgorithm;
  readonly kid: string;
  readonly jku: string | undefined;
  /** The client that it says it is from. */
  readonly clientId: string;
  readonly jti: string;
  readonly expiresAt: Date;
}

/** Header members that would let the assertion choose its own key, or its own rules (RFC 7515 sections 4.1 and 4.1.11). */
const REFUSED_HEADERS = ['jwk', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc'];

/**
 * Reads an assertion and checks all that needs no knowledge of who is registered (RFC 7523 section 3; SMART App Launch
 * 2.2, Authenticating to the token endpoint). Throws a `TokenRefusal`.
 */
export function readAssertion(
  text: string,
  expected: { readonly audiences: readonly string[]; readonly now: Date },
): Assertion {
  const { header, claims } = decode(text);
  if (!isAssertionAlgorithm(header.alg)) throw new TokenRefusal('algorithm-refused');
  if (REFUSED_HEADERS.some((name) => Object.hasOwn(header, name))) throw new TokenRefusal('header-refused');
  if (header.typ !== 'JWT') throw new TokenRefusal('typ-wrong');
  if (typeof header.kid !== 'string' || header.kid === '') throw new TokenRefusal('kid-missing');
  const { iss, sub, jti } = claims;
  if (typeof iss !== 'string' || iss === '' || iss !== sub) throw new TokenRefusal('issuer-not-subject');
  checkAudience(claims.aud, expected.audiences);
  const expiresAt = checkTimes(claims, expected.now);
  if (typeof jti !== 'string' || jti === '' || jti.length > LIMITS.assertionIdCharsMax)
    throw new TokenRefusal('jti-missing');
  return { text, algorithm: header.alg, kid: header.kid, jku: header.jku, clientId: iss, jti, expiresAt };
}

/**
 * Proves that the client signed it, by the algorithm of the server's choice for that key and not by the header's word:
 * the key is found by `kid` and algorithm together. Throws a `TokenRefusal`.
 */
export async function proveAssertion(assertion: Assertion, client: Client, clientKeys: ClientKeys): Promise<void> {
  // SMART, Signature Verification, step 1: a jku that was not registered for this client fails.
  const registered = client.keys.kind === 'url' ? client.keys.url : undefined;
  if (assertion.jku !== undefined && assertion.jku !== registered) throw new TokenRefusal('jku-not-registered');
  const answer = await clientKeys.find(client, assertion.kid, assertion.algorithm);
  if (!answer.ok) throw new TokenRefusal(answer.reason);
  try {
    await compactVerify(assertion.text, answer.key, { algorithms: [assertion.algorithm] });
  } catch (fault) {
    if (fault instanceof errors.JOSEError) throw new TokenRefusal('signature-invalid');
    throw fault;
  }
}

function decode(text: string): { header: ProtectedHeaderParameters; claims: JWTPayload } {
  try {
    return { header: decodeProtectedHeader(text), claims: decodeJwt(text) };
  } catch {
    throw new TokenRefusal('assertion-malformed');
  }
}

/** A string, or a list of one: an assertion for several servers could be used at each of them by the others. */
function checkAudience(audience: unknown, expected: readonly string[]): void {
  const [only, ...others] = Array.isArray(audience) ? (audience as unknown[]) : [audience];
  if (typeof only !== 'string' || !expected.includes(only) || others.length > 0)
    throw new TokenRefusal('audience-wrong');
}

/** Numbers of seconds. A client's clock may run a little ahead of ours, but its assertion never lives longer than it may. */
function checkTimes(claims: JWTPayload, now: Date): Date {
  const nowSeconds = now.getTime() / 1000;
  const { exp, nbf, iat } = claims as Record<string, unknown>;
  if (typeof exp !== 'number' || !Number.isFinite(exp)) throw new TokenRefusal('exp-missing');
  if (exp <= nowSeconds) throw new TokenRefusal('expired');
  if (exp > Math.ceil(nowSeconds) + LIMITS.assertionLifetimeSecondsMax) throw new TokenRefusal('exp-too-far');
  for (const time of [nbf, iat]) {
    if (time === undefined) continue;
    if (typeof time !== 'number' || !(time <= nowSeconds + LIMITS.clockSkewSeconds))
      throw new TokenRefusal('not-yet-valid');
  }
  return new Date(exp * 1000);
}
