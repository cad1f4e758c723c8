import { decide, refuseDenied } from '../../auth/decide.ts';
import type { AccessNeed } from '../../auth/identity.ts';
import { auditRefusal } from '../answer-route.ts';
import type { ApiParts } from '../api-parts.ts';
import type { EntryRequest } from './read-entry.ts';

/** An entry is decided with its own interaction and type; what is denied is in the audit as that. */
export async function requireEntryAccess(
  { route, request }: Pick<EntryRequest, 'route' | 'request'>,
  parts: ApiParts,
): Promise<void> {
  const need: AccessNeed = { interaction: route.interaction, types: route.types(request), stateless: route.stateless };
  const decision = decide(request.identity, need);
  if (decision.allowed) return;
  const denied = refuseDenied(decision);
  await auditRefusal(route, request, denied, parts);
  throw denied;
}
