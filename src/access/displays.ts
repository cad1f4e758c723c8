import { LIMITS } from '../kernel/limits.ts';
import type { StoredResource } from '../store/store.ts';
import type { Access } from './access.ts';
import { keepBackDisplays, typesReferredTo } from './keep-back.ts';

/** The words that stand beside a reference say something of what it leads to. */

/** Whether it has a reference whose words the caller may not be shown. */
export function refersToClosed({ content }: StoredResource, access: Access): boolean {
  if (content === '') return false;
  for (const type of typesReferredTo(content)) if (!isDisplayOpen(type, access)) return true;
  return false;
}

/** References that lead to what is closed keep their identifier, which the record holds, and lose the words. */
export function withoutDisplays(content: string, stored: StoredResource, access: Access): string {
  if (!refersToClosed({ ...stored, content }, access)) return content;
  const { type, id, patient } = stored;
  const own = `Patient/${patient ?? ''}`;
  const self = `${type}/${id}`;
  return keepBackDisplays(content, (reference) => {
    const [of = ''] = reference.split('/', 1);
    return (
      reference === self ||
      (reference === own && access.grants('Patient', 'read').length > 0) ||
      isDisplayOpen(of, access)
    );
  });
}

const displaysOpen = new WeakMap<Access, Map<string, boolean>>();

/** Whether all of a type is open, or of the directory, so that its words tell nothing that could not be read. */
function isDisplayOpen(type: string, access: Access): boolean {
  const known = displaysOpen.get(access) ?? new Map<string, boolean>();
  let open = known.get(type);
  if (open === undefined) {
    open = opensDisplay(type, access);
    // The name stands in what somebody wrote, and may be any.
    if (known.size < LIMITS.typesRememberedMax) displaysOpen.set(access, known.set(type, open));
  }
  return open;
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
