import type { Client } from '../config/config.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Store } from '../store/store.ts';
import { proveAssertion, readAssertion } from './assertion.ts';
import type { ClientDirectory } from './client-directory.ts';
import type { ClientKeys } from './client-keys.ts';
import type { Claim, OAuthRequest } from './oauth.ts';
import { TokenRefusal } from './refusals.ts';

export interface ClientAuthenticationParts {
  readonly clients: ClientDirectory;
  readonly clientKeys: ClientKeys;
  readonly store: Pick<Store, 'useAssertionId'>;
  readonly clock: Clock;
}

/** By what a form says who sends it: the assertion of RFC 7523. */
export interface ClientProofForm {
  readonly assertion: string;
  readonly clientId: string | undefined;
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export function readProof(fields: ReadonlyMap<string, string>, request: OAuthRequest): ClientProofForm {
  // RFC 6749 section 2.3: no more than one way to authenticate.
  const another = request.authorization !== undefined || fields.has('client_secret');
  if (another) throw new TokenRefusal('two-authentications');
  const assertion = fields.get('client_assertion');
  if (assertion === undefined) throw new TokenRefusal('assertion-missing');
  if (fields.get('client_assertion_type') !== ASSERTION_TYPE) throw new TokenRefusal('assertion-type-unsupported');
  return { assertion, clientId: fields.get('client_id') };
}

/**
 * Who sends it, proved. The signature comes first, the `jti` after it: otherwise anybody could use up a client's ids.
 * `claim` learns whom it says it is from, if that is one of ours: a stranger may call itself anything.
 */
export async function authenticateClient(
  proof: ClientProofForm,
  audiences: readonly string[],
  claim: Claim,
  parts: ClientAuthenticationParts,
): Promise<Client> {
  const assertion = readAssertion(proof.assertion, { audiences, now: parts.clock.now() });
  const client = await parts.clients.find(assertion.clientId);
  claim.client = client;
  if (proof.clientId !== undefined && proof.clientId !== assertion.clientId)
    throw new TokenRefusal('client-id-differs');
  if (client === undefined) throw new TokenRefusal('client-unknown');
  await proveAssertion(assertion, client, parts.clientKeys);
  const isFirstUse = await parts.store.useAssertionId({
    issuer: client.id,
    jti: assertion.jti,
    expiresAt: assertion.expiresAt.toISOString(),
    now: parts.clock.now().toISOString(),
  });
  if (!isFirstUse) throw new TokenRefusal('jti-used');
  return client;
}
