import type {
  ConceptMap,
  ConceptMapGroup,
  ConceptMapGroupElement,
  ConceptMapGroupElementTarget,
} from '@medplum/fhirtypes';
import { GINNEL_BASE } from '../fhir/canonical.ts';
import { csv } from '../formats/csv/csv.ts';
import { json } from '../formats/json.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import { compileJsonSchema } from '../kernel/json-schema.ts';
import { failure, type Result } from '../kernel/result.ts';
import { type CodeMap, type CodeRow, gatherRows, placeIn } from './codes.ts';
import type { Mapping } from './mapping.ts';

/** A code map as FHIR ConceptMap (https://hl7.org/fhir/R4/conceptmap.html) and back; the rows are the same. */

const TEXT = { type: 'string' };
const SHAPE = {
  type: 'object',
  required: ['resourceType', 'group'],
  properties: {
    resourceType: { const: 'ConceptMap' },
    group: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          target: TEXT,
          element: {
            type: 'array',
            items: {
              type: 'object',
              required: ['code'],
              properties: {
                code: TEXT,
                target: {
                  type: 'array',
                  items: {
                    type: 'object',
                    properties: { code: TEXT, display: TEXT, equivalence: TEXT, comment: TEXT },
                  },
                },
              },
            },
          },
          unmapped: { type: 'object', required: ['mode'], properties: { mode: TEXT, code: TEXT, display: TEXT } },
        },
      },
    },
  },
};

/** Reads a ConceptMap as a code map. A source with two targets is refused: which one is meant cannot be told. */
export function readConceptMap(name: string, file: string, bytes: Uint8Array): Result<CodeMap> {
  const parsed = json.parse(bytes);
  if (!parsed.ok) {
    return failure(
      ...parsed.issues.map((one) => issue('codes-invalid', one.text, { mapping: placeIn(file, one.line ?? 1) })),
    );
  }
  const { tree, locate } = parsed.value;
  const lineOf = (...path: (string | number)[]) => locate(path).line ?? 1;
  const breaches = compileJsonSchema(SHAPE)(tree);
  if (breaches.length > 0) {
    return failure(
      ...breaches.map(({ path, text }) => issue('codes-invalid', text, { mapping: placeIn(file, lineOf(...path)) })),
    );
  }
  const found: { row: CodeRow; line: number }[] = [];
  const issues: Issue[] = [];
  const add = (row: Omit<CodeRow, 'row'>, line: number) => found.push({ row: { ...row, row: found.length + 1 }, line });
  for (const [g, group] of ((tree as ConceptMap).group ?? []).entries()) {
    for (const [e, element] of (group.element ?? []).entries()) {
      const line = lineOf('group', g, 'element', e);
      const targets = element.target ?? [];
      for (const target of targets) add(rowOf(element.code ?? '', group, target), line);
      if (targets.length === 0) add(rowOf(element.code ?? '', group, { equivalence: 'unmatched' }), line);
    }
    const { unmapped } = group;
    if (unmapped === undefined) continue;
    const line = lineOf('group', g, 'unmapped');
    if (unmapped.mode === 'fixed') add(rowOf('*', group, { ...unmapped, equivalence: 'inexact' }), line);
    else {
      const text = `What has no row is decided by the mapping; unmapped.mode can only be fixed here, not ${unmapped.mode}.`;
      issues.push(issue('codes-invalid', text, { mapping: placeIn(file, line) }));
    }
  }
  const map = gatherRows(name, file, found);
  return issues.length > 0 ? failure(...issues, ...map.issues) : map;
}

function rowOf(
  source: string,
  { target: system = '' }: ConceptMapGroup,
  { code = '', display = '', equivalence, comment = '' }: Partial<ConceptMapGroupElementTarget>,
): Omit<CodeRow, 'row'> {
  return { source, system: code === '' ? '' : system, code, display, equivalence: equivalence ?? '', note: comment };
}

/**
 * A code map as a ConceptMap in draft, one group for each target system. `sourceSystem` is the URI of the partner's
 * codes, where they have one. Of the row `*` a ConceptMap has no place for equivalence and note.
 */
export function toConceptMap(map: CodeMap, url: string, sourceSystem?: string): ConceptMap {
  const groups = new Map<string, CodeRow[]>();
  for (const row of map.rows.values()) {
    const rows = groups.get(row.system);
    if (rows === undefined) groups.set(row.system, [row]);
    else rows.push(row);
  }
  const { fallback } = map;
  if (fallback !== undefined && !groups.has(fallback.system)) groups.set(fallback.system, []);
  return {
    resourceType: 'ConceptMap',
    url,
    name: map.name,
    status: 'draft',
    group: [...groups].map(([system, rows]) => ({
      ...(sourceSystem === undefined ? {} : { source: sourceSystem }),
      ...(system === '' ? {} : { target: system }),
      element: rows.map(toElement),
      ...(fallback?.system === system ? { unmapped: toUnmapped(fallback) } : {}),
    })),
  };
}

function toElement({ source, code, display, equivalence, note }: CodeRow): ConceptMapGroupElement {
  // Rule cmd-1 of the standard: a target that is narrower or inexact has a comment.
  const comment = note === '' && ['narrower', 'inexact'].includes(equivalence) ? 'No note was given.' : note;
  const target = {
    ...(code === '' ? {} : { code }),
    ...(display === '' ? {} : { display }),
    equivalence: equivalence as ConceptMapGroupElementTarget['equivalence'],
    ...(comment === '' ? {} : { comment }),
  };
  return { code: source, target: [target] };
}

function toUnmapped({ code, display }: CodeRow): NonNullable<ConceptMapGroup['unmapped']> {
  return { mode: 'fixed', code, ...(display === '' ? {} : { display }) };
}

/** Every code map of the mappings, each under an address made of the mapping's folder and its own name. */
export function describeCodeMaps(mappings: Iterable<Pick<Mapping, 'name' | 'codes'>>): ConceptMap[] {
  const maps = [...mappings].flatMap(({ name, codes }) =>
    [...codes.values()].map((map): [string, CodeMap] => [
      `${GINNEL_BASE}/ConceptMap/${name.replaceAll('/', '-')}-${map.name}`,
      map,
    ]),
  );
  // The same mapping may be in use on several channels.
  return [...new Map(maps)].map(([url, map]) => toConceptMap(map, url));
}

/** The rows as a CSV file. */
export function toCodesCsv({ rows, fallback }: CodeMap): Result<Uint8Array> {
  const all = [...rows.values(), ...(fallback === undefined ? [] : [fallback])];
  return csv.print(
    {
      rows: all.map(({ source, system, code, display, equivalence, note }) => ({
        source,
        target_system: system,
        target_code: code,
        target_display: display,
        equivalence,
        note,
      })),
    },
    { columns: ['source', 'target_system', 'target_code', 'target_display', 'equivalence', 'note'] },
  );
}

/** Reads a code map by what its file is: a ConceptMap in JSON, otherwise CSV. */
export function isConceptMapFile(path: string): boolean {
  return path.endsWith('.json');
}
