import type { Definitions } from '../../src/fhir/definitions.ts';
import type { IndexRow, QuantityRow, ValueRow } from '../../src/fhir/index-row.ts';
import { isResourceId } from '../../src/fhir/references.ts';
import { RANGE_END, RANGE_START } from '../../src/fhir/search-dates.ts';
import { componentsOf, searchableParameters } from '../../src/fhir/search-params.ts';
import { escapeValue } from './escape-value.ts';

export type Search = readonly [name: string, value: string];

/** Searches that must find a resource of the type with this row, written as a client would. */
export function searchesFor(row: IndexRow, type: string, baseUrl: string, definitions: Definitions): Search[] {
  const { param } = row;
  const [code = param, modifier] = param.split(':');
  const parameter = searchableParameters(type, definitions).find((one) => one.code === code);
  if (parameter === undefined) throw new Error(`${type} has no parameter ${code}`);
  const present: Search = [`${code}:missing`, 'false'];
  switch (row.kind) {
    case 'token': {
      if (modifier === 'of-type') return [[param, `${escapeValue(row.system)}|${withoutEscape(row.code)}`]];
      return [[param, `${escapeValue(row.system)}|${escapeValue(row.code)}`], [param, escapeValue(row.code)], present];
    }
    case 'text':
      return [[`${param}:text`, escapeValue(row.folded)], present];
    case 'reference': {
      if (row.targetType === '') return [[param, escapeValue(row.target)], present];
      const [only, ...others] = parameter.target ?? [];
      const ownType = others.length > 0 || only === undefined || only === row.targetType;
      return [
        [param, `${row.targetType}/${row.target}`],
        [param, `${baseUrl}/${row.targetType}/${row.target}`],
        [`${param}:${row.targetType}`, row.target],
        ...(ownType && isResourceId(row.target) ? ([[param, row.target]] as const) : []),
        present,
      ];
    }
    case 'date': {
      // The ends of an open period are beyond what a date can say.
      const ends: Search[] = [];
      if (row.low > RANGE_START) ends.push([param, `ge${new Date(row.low).toISOString()}`]);
      if (row.low > RANGE_START) ends.push([param, `ap${new Date(row.low).toISOString()}`]);
      if (row.high < RANGE_END) ends.push([param, `le${new Date(row.high - 1).toISOString()}`]);
      return [...ends, [param, 'ne1850'], present];
    }
    case 'string':
      return [
        [param, escapeValue(row.exact.trim())],
        [`${param}:exact`, escapeValue(row.exact)],
        [`${param}:contains`, escapeValue(row.exact.trim().toUpperCase())],
        present,
      ];
    case 'quantity':
      return [...comparisonsOf(row).map((text): Search => [param, `${text}${unitOf(row)}`]), present];
    case 'uri': {
      const address = escapeValue(row.uri);
      const folders: Search[] = [
        [`${param}:below`, escapeValue(row.uri.replace(/\/[^/]*$/, ''))],
        [`${param}:above`, `${address}/further/down`],
      ];
      return [[param, address], ...(/^http:\/\/[^/]+\/./.test(row.uri) ? folders : []), present];
    }
    case 'composite': {
      const kinds = componentsOf(parameter).map((one) => one.type);
      return [[param, row.parts.map((part, at) => partOf(part, kinds[at] === 'number')).join('$')], present];
    }
  }
}

/** `code|value`: the bar between the two is one, the others are letters. The type's code comes first and has none here. */
function withoutEscape(text: string): string {
  const mark = text.startsWith('x|y|') ? 3 : text.indexOf('|');
  return `${escapeValue(text.slice(0, mark))}|${escapeValue(text.slice(mark + 1))}`;
}

function comparisonsOf({ low, high }: QuantityRow): string[] {
  if (low === high) return [`${low}`, `eq${low}`, `ge${low}`, `le${low}`, `ap${low}`, `ne${low + 7}`];
  return [...(Number.isFinite(low) ? [`ge${low}`, `ap${low}`] : []), ...(Number.isFinite(high) ? [`le${high}`] : [])];
}

function unitOf({ system, code }: Pick<QuantityRow, 'system' | 'code'>): string {
  return code === '' ? '' : `|${escapeValue(system)}|${escapeValue(code)}`;
}

function partOf(part: ValueRow, isNumber: boolean): string {
  switch (part.kind) {
    case 'token':
      return `${escapeValue(part.system)}|${escapeValue(part.code)}`;
    case 'reference':
      return part.targetType === '' ? escapeValue(part.target) : `${part.targetType}/${part.target}`;
    case 'date':
      return part.low > RANGE_START ? `ge${new Date(part.low).toISOString()}` : 'ne1850';
    case 'string':
      return escapeValue(part.exact.trim());
    case 'quantity':
      return `${comparisonsOf(part)[0] ?? 'ne0'}${isNumber ? '' : unitOf(part)}`;
  }
}
