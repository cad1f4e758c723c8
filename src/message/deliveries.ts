import { newId } from '../kernel/ids.ts';
import type { NewDelivery } from '../store/store.ts';
import type { RoutedWrite } from './message.ts';

/** One delivery for each routed write. Deliveries of one patient to one partner share a lane and keep their order. */
export function deliveriesOf(
  routed: readonly RoutedWrite[],
  cause: { readonly messageId: string | null; readonly correlationId: string; readonly createdAt: string },
): NewDelivery[] {
  return routed.map(({ write, route, partner, channel }) => ({
    id: newId(),
    partner,
    channel,
    route,
    lane: write.patient ?? `${write.type}/${write.id}`,
    ...cause,
    resourceType: write.type,
    resourceId: write.id,
    resourceVersion: write.version,
  }));
}
