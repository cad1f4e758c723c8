import { refuse } from '../kernel/errors.ts';
import type { StoredResource } from '../store/store.ts';

/** Versions that a client knows, out of `If-Match` or `If-None-Match`; `any` is `*`. */
export type VersionMatch = 'any' | readonly number[];

const TAG = /^(?:W\/)?"([1-9][0-9]{0,9})"$/;
const OTHER_TAG = /^(?:W\/)?"[^"]{0,100}"$/;
const TAGS_MAX = 20;

/**
 * `W/"3"` (https://hl7.org/fhir/R4/http.html#versioning); a list and `*` as HTTP has them. An entity tag that is none
 * of ours matches nothing; what is no entity tag at all is refused, because a condition must not be lost.
 */
export function readVersionMatch(name: string, header: string | undefined): VersionMatch | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === '*') return 'any';
  const tags = header.split(',').map((tag) => tag.trim());
  if (tags.length > TAGS_MAX || !tags.every((tag) => OTHER_TAG.test(tag))) {
    throw refuse('parameter-invalid', `${name} is an ETag as the API gives it, such as W/"3".`);
  }
  return tags.flatMap((tag) => {
    const version = TAG.exec(tag)?.[1];
    return version === undefined ? [] : [Number(version)];
  });
}

/** Whether what stands there is one of the versions. Nothing, and a deletion, match nothing. */
export function matchesVersion(match: VersionMatch, stored: StoredResource | undefined): boolean {
  if (stored === undefined || stored.deleted) return false;
  return match === 'any' || match.includes(stored.version);
}
