import { type Issue, issue } from '../kernel/errors.ts';
import { shapeOfFhirType } from './fhir-shape.ts';
import type { LoadedMapping } from './load-mapping.ts';
import type { Shape } from './shape.ts';
import { formatPlace } from './yaml-source.ts';

/** Fields that the mapping ignores although no message can have them: a slip of the keys, or the schema has moved on. */
export function findIgnoredInVain({ document, shape }: Pick<LoadedMapping, 'document' | 'shape'>): Issue[] {
  return document.ignore.flatMap(({ path, place }) => {
    const [type = '', ...rest] = path;
    const wrong =
      document.direction === 'in' ? whyAbsent(shape, path) : whyAbsent(shapeOfFhirType(new Set([type])), rest);
    if (wrong === undefined) return [];
    return [
      issue('mapping-unused', `This is ignored in vain. ${wrong}`, {
        severity: 'warning',
        mapping: formatPlace(place),
      }),
    ];
  });
}

function whyAbsent(root: Shape | undefined, path: readonly string[]): string | undefined {
  let shape = root;
  for (const name of path) {
    if (shape === undefined) return undefined;
    const found = shape.member(name);
    if (found === 'absent') return shape.explain(name);
    shape = found;
  }
  return undefined;
}
