import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import type { Definitions } from './definitions.ts';
import { type IndexRow, ofTypeParam } from './index-row.ts';
import { cutText, foldText } from './search-strings.ts';

interface FoundCode {
  readonly value: JsonValue;
  readonly valueSet?: string | undefined;
}

/** https://hl7.org/fhir/R4/search.html#token: the codes, and the words beside them for `:text`. */
export function tokenRows(param: string, { value, valueSet }: FoundCode, definitions: Definitions): IndexRow[] {
  const rows: IndexRow[] = [];
  if (typeof value === 'boolean') addCode(rows, param, '', String(value));
  else if (typeof value === 'string') addCode(rows, param, impliedSystem(value, valueSet, definitions), value);
  else if (isJsonObject(value)) addObject(rows, param, value);
  return rows;
}

function addObject(rows: IndexRow[], param: string, value: JsonObject): void {
  if (Array.isArray(value.coding)) {
    for (const coding of value.coding) if (isJsonObject(coding)) addCoding(rows, param, coding);
    addText(rows, param, value.text);
  } else if ('code' in value || 'display' in value) addCoding(rows, param, value);
  else if ('value' in value) addIdentifier(rows, param, value);
  else addText(rows, param, value.text);
}

function addCoding(rows: IndexRow[], param: string, { system, code, display }: JsonObject): void {
  addCode(rows, param, system, code);
  addText(rows, param, display);
}

const CONTACT_SYSTEMS = new Set(['phone', 'fax', 'email', 'pager', 'url', 'sms', 'other']);

/** An Identifier or a ContactPoint, whose system is the kind of address and not a namespace. */
function addIdentifier(rows: IndexRow[], param: string, { system, value, type }: JsonObject): void {
  addCode(rows, param, CONTACT_SYSTEMS.has(String(system)) ? '' : system, value);
  if (!isJsonObject(type)) return;
  for (const coding of Array.isArray(type.coding) ? type.coding : []) {
    if (isJsonObject(coding) && typeof coding.code === 'string' && typeof value === 'string' && value !== '') {
      addCode(rows, ofTypeParam(param), coding.system, `${coding.code}|${value}`);
    }
  }
  addText(rows, param, type.text);
}

function addCode(rows: IndexRow[], param: string, system: JsonValue | undefined, code: JsonValue | undefined): void {
  if (typeof code !== 'string' || code === '') return;
  rows.push({ kind: 'token', param, system: typeof system === 'string' ? cutText(system) : '', code: cutText(code) });
}

function addText(rows: IndexRow[], param: string, text: JsonValue | undefined): void {
  const folded = typeof text === 'string' ? foldText(text) : '';
  if (folded !== '') rows.push({ kind: 'text', param, folded });
}

/** A bare code means the system of its value set, where all of that set is of one system. */
function impliedSystem(code: string, valueSet: string | undefined, definitions: Definitions): string {
  const systems = valueSet === undefined ? undefined : definitions.valueSet(valueSet);
  for (const [system, codes] of systems ?? []) if (codes.has(code)) return system;
  return '';
}
