import { LIMITS } from '../kernel/limits.ts';
import type { StoredResource } from '../store/store.ts';
import type { Access } from './access.ts';
import { keepBackDisplays, refersOnlyTo } from './keep-back.ts';

/** The words that stand beside a reference say something of what it leads to. */

/** Whether it has a reference whose words the caller may not be shown. */
export function refersToClosed({ content }: Pick<StoredResource, 'content'>, access: Access): boolean {
  return !refersOnlyTo(content, displaysOpenTo(access));
}

/** References that lead to what is closed keep their identifier, which the record holds, and lose the words. */
export function withoutDisplays(content: string, stored: StoredResource, access: Access): string {
  const isOpen = displaysOpenTo(access);
  if (refersOnlyTo(content, isOpen)) return content;
  const { type, id, patient } = stored;
  const own = `Patient/${patient ?? ''}`;
  const self = `${type}/${id}`;
  return keepBackDisplays(content, (reference) => {
    const [of = ''] = reference.split('/', 1);
    return reference === self || (reference === own && access.grants('Patient', 'read').length > 0) || isOpen(of);
  });
}

type IsDisplayOpen = (type: string) => boolean;
const known = new WeakMap<Access, IsDisplayOpen>();

/** Whether all of a type is open, or of the directory, so that its words tell nothing that could not be read. */
function displaysOpenTo(access: Access): IsDisplayOpen {
  const found = known.get(access) ?? rememberDisplays(access);
  known.set(access, found);
  return found;
}

function rememberDisplays(access: Access): IsDisplayOpen {
  const types = new Map<string, boolean>();
  return (type) => {
    let open = types.get(type);
    if (open === undefined) {
      open = opensDisplay(type, access);
      // The name stands in what somebody wrote, and may be any.
      // A part of a text keeps the whole text in memory; a copy does not.
      if (types.size < LIMITS.typesRememberedMax) types.set(Buffer.from(type).toString(), open);
    }
    return open;
  };
}

function opensDisplay(type: string, access: Access): boolean {
  return access
    .grants(type, 'read')
    .some(
      ({ whose, filters, elements }) =>
        (whose === 'directory' || (whose === 'anyone' && access.launchPatient === undefined)) &&
        filters.length === 0 &&
        elements === undefined,
    );
}
