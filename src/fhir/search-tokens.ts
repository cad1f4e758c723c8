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
  if (typeof value === 'boolean') return codeRow(param, '', String(value));
  if (typeof value === 'string') return codeRow(param, impliedSystem(value, valueSet, definitions), value);
  if (!isJsonObject(value)) return [];
  if (Array.isArray(value.coding)) {
    const codings = value.coding.filter(isJsonObject);
    return [...codings.flatMap((coding) => codingRows(param, coding)), ...textRow(param, value.text)];
  }
  if ('code' in value || 'display' in value) return codingRows(param, value);
  if ('value' in value) return identifierRows(param, value);
  return textRow(param, value.text);
}

function codingRows(param: string, coding: JsonObject): IndexRow[] {
  return [...codeRow(param, coding.system, coding.code), ...textRow(param, coding.display)];
}

const CONTACT_SYSTEMS = new Set(['phone', 'fax', 'email', 'pager', 'url', 'sms', 'other']);

/** An Identifier or a ContactPoint, whose system is the kind of address and not a namespace. */
function identifierRows(param: string, { system, value, type }: JsonObject): IndexRow[] {
  const rows = codeRow(param, CONTACT_SYSTEMS.has(String(system)) ? '' : system, value);
  if (!isJsonObject(type)) return rows;
  const codings = Array.isArray(type.coding) ? type.coding.filter(isJsonObject) : [];
  for (const coding of codings) {
    if (typeof coding.code === 'string' && typeof value === 'string' && value !== '') {
      rows.push(...codeRow(ofTypeParam(param), coding.system, `${coding.code}|${value}`));
    }
  }
  return [...rows, ...textRow(param, type.text)];
}

function codeRow(param: string, system: JsonValue | undefined, code: JsonValue | undefined): IndexRow[] {
  return typeof code === 'string' && code !== ''
    ? [{ kind: 'token', param, system: typeof system === 'string' ? cutText(system) : '', code: cutText(code) }]
    : [];
}

function textRow(param: string, text: JsonValue | undefined): IndexRow[] {
  const folded = typeof text === 'string' ? foldText(text) : '';
  return folded === '' ? [] : [{ kind: 'text', param, folded }];
}

/** A bare code means the system of its value set, where all of that set is of one system. */
function impliedSystem(code: string, valueSet: string | undefined, definitions: Definitions): string {
  const systems = valueSet === undefined ? undefined : definitions.valueSet(valueSet);
  for (const [system, codes] of systems ?? []) if (codes.has(code)) return system;
  return '';
}
