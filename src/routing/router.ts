import type { Route, ValidationPolicy } from '../config/config.ts';
import type { SearchMatcher } from '../fhir/match-search.ts';
import type { SearchRequest } from '../fhir/search-request.ts';
import type { ResourceWrite } from '../store/store.ts';

/** A route whose criteria have been read. */
export interface CompiledRoute extends Route {
  readonly request: SearchRequest;
}

export interface RoutedTo {
  readonly route: string;
  readonly partner: string;
  readonly channel: string;
  /** What the route says of resources that are not valid. */
  readonly validation?: ValidationPolicy | undefined;
}

export interface Router {
  /**
   * Who is to be told of this new version of a resource: each partner's channel at most once, in the order of the routes.
   * One that is not valid goes by no route that rejects such.
   */
  route(write: ResourceWrite, invalid?: boolean): RoutedTo[];
}

/** Criteria are FHIR searches, as in Subscription.criteria; they look at the same index rows as the FHIR API's search. */
export function createRouter(routes: readonly CompiledRoute[], matches: SearchMatcher): Router {
  const byType = Map.groupBy(routes, ({ request }) => request.type);
  return {
    route: (write, invalid = false) => {
      if (write.deleted) return [];
      const found = new Map<string, RoutedTo>();
      for (const { name, request, to, validation } of byType.get(write.type) ?? []) {
        if ((invalid && validation === 'reject') || !matches(request, write)) continue;
        for (const { partner, channel } of to) {
          const key = `${partner}/${channel}`;
          if (!found.has(key)) found.set(key, { route: name, partner, channel, validation });
        }
      }
      return [...found.values()];
    },
  };
}
