import { isJsonObject } from '../../kernel/json.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { Result } from '../../kernel/result.ts';
import type { FormatOptions } from '../format.ts';
import { wordXmlPath } from '../positions.ts';
import { cannotPrint, encodeText } from '../text.ts';

/**
 * Prints a tree of the shape that parsing gives: one root, members in their order, lists repeated, `@name` as
 * attributes, `#text` as text, two spaces a level. Beyond what parsing gives, names may carry a namespace prefix that
 * an `@xmlns:prefix` in the tree declares. Numbers and booleans are written as text; null and undefined are left out.
 */
export function printXmlTree(tree: unknown, options: FormatOptions = {}): Result<Uint8Array> {
  const encoding = options.encoding ?? 'utf-8';
  const printer: Printer = {
    parts: [`<?xml version="1.0" encoding="${encoding.toUpperCase()}"?>`],
    path: [],
    values: 0,
  };
  const trouble = printRoot(tree, printer);
  if (trouble !== undefined) return cannotPrint(trouble, { at: wordXmlPath(printer.path) });
  printer.parts.push('\n');
  return encodeText(printer.parts.join(''), encoding);
}

interface Printer {
  readonly parts: string[];
  /** Where the printer is; it stays at the place of the first trouble. */
  readonly path: (string | number)[];
  values: number;
}

function printRoot(tree: unknown, printer: Printer): string | undefined {
  const entries = isJsonObject(tree) ? Object.entries(tree) : [];
  const [root] = entries;
  if (root === undefined || entries.length > 1)
    return 'An XML document is an object with one member, its root element.';
  const [name, value] = root;
  if (Array.isArray(value) || value === null || value === undefined) return 'The root element stands exactly once.';
  return printElement(name, value, printer, new Map([['xml', XML_NAMESPACE]]));
}

function printMember(
  name: string,
  value: unknown,
  printer: Printer,
  prefixes: ReadonlyMap<string, string>,
): string | undefined {
  if (!Array.isArray(value)) return printElement(name, value, printer, prefixes);
  printer.path.push(name);
  for (const [index, item] of value.entries()) {
    printer.path.push(index);
    if (Array.isArray(item)) return 'XML has no list within a list.';
    const trouble = printElement(name, item, printer, prefixes, false);
    if (trouble !== undefined) return trouble;
    printer.path.pop();
  }
  printer.path.pop();
  return undefined;
}

function printElement(
  name: string,
  value: unknown,
  printer: Printer,
  outerPrefixes: ReadonlyMap<string, string>,
  named = true,
): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (named) printer.path.push(name);
  printer.values += 1;
  if (printer.values > LIMITS.fieldsMax) return `The result has more than ${LIMITS.fieldsMax} elements.`;
  const depth = printer.path.filter((step) => typeof step === 'string').length;
  if (depth > LIMITS.depthMax) return `The result is nested more than ${LIMITS.depthMax} deep.`;

  const members = isJsonObject(value) ? Object.entries(value) : [['#text', value] as const];
  const prefixes = declaredPrefixes(members, outerPrefixes);
  if (prefixes === undefined) return 'A namespace is a URI, and those of XML itself are not declared.';
  if (name.startsWith('xmlns:') || !isPrintableName(name, prefixes))
    return 'This is not an XML name, or its prefix is not declared.';
  const indent = `\n${'  '.repeat(depth - 1)}`;
  printer.parts.push(`${indent}<${name}`);
  let text = '';
  const attributes = new Set<string>();
  const children: [string, unknown][] = [];
  for (const [key, member] of members) {
    if (member === null || member === undefined) continue;
    if (key === '#text' || key.startsWith('@')) {
      const scalar = scalarText(member);
      if (scalar === undefined) return 'Text and attributes are single values that XML can hold.';
      if (key === '#text') text = escapeText(scalar);
      else if (!isPrintableName(key.slice(1), prefixes)) return 'An attribute has no XML name.';
      else if (attributes.has(expandedName(key.slice(1), prefixes))) return 'Two attributes are the same by namespace.';
      else {
        attributes.add(expandedName(key.slice(1), prefixes));
        printer.parts.push(` ${key.slice(1)}="${escapeAttribute(scalar)}"`);
      }
    } else children.push([key, member]);
  }
  const before = printer.parts.push('>', text);
  for (const [key, member] of children) {
    const trouble = printMember(key, member, printer, prefixes);
    if (trouble !== undefined) return trouble;
  }
  if (printer.parts.length > before) printer.parts.push(indent, `</${name}>`);
  else if (text === '') printer.parts.splice(-2, 2, '/>');
  else printer.parts.push(`</${name}>`);
  if (named) printer.path.pop();
  return undefined;
}

/** The prefixes that can be used in an element; undefined where it declares what Namespaces in XML (section 3) forbids. */
function declaredPrefixes(
  members: readonly (readonly [string, unknown])[],
  outer: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> | undefined {
  const prefixes = new Map(outer);
  for (const [key, value] of members) {
    if (!/^@xmlns(?::|$)/.test(key) || value === null || value === undefined) continue;
    const prefix = key.slice('@xmlns:'.length);
    const isForbidden = prefix === 'xml' || prefix === 'xmlns' || (prefix !== '' && value === '');
    if (typeof value !== 'string' || isForbidden || RESERVED_NAMESPACES.has(value)) return undefined;
    if (prefix !== '') prefixes.set(prefix, value);
  }
  return prefixes;
}

const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
const RESERVED_NAMESPACES: ReadonlySet<string> = new Set([XML_NAMESPACE, 'http://www.w3.org/2000/xmlns/']);

/** What an attribute is called beyond its prefix; one without a prefix is in no namespace. */
function expandedName(name: string, prefixes: ReadonlyMap<string, string>): string {
  const [prefix = '', local] = name.split(':');
  return local === undefined ? name : `${prefixes.get(prefix) ?? prefix} ${local}`;
}

/** A name of XML 1.0, with at most one colon (Namespaces in XML, section 4). */
function isPrintableName(name: string, prefixes: ReadonlyMap<string, string>): boolean {
  const [first = '', second, third] = name.split(':');
  if (third !== undefined) return false;
  if (second === undefined) return isNcName(first);
  return isNcName(first) && isNcName(second) && (prefixes.has(first) || first === 'xmlns');
}

/** NameStartChar and NameChar of XML 1.0 section 2.3, without the colon. */
const START =
  'A-Z_a-z\\xc0-\\xd6\\xd8-\\xf6\\xf8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f\\u2c00-\\u2fef';
const START_REST = '\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\u{10000}-\\u{effff}';
const NC_NAME = new RegExp(
  `^[${START}${START_REST}][${START}${START_REST}.0-9\\xb7\\u0300-\\u036f\\u203f\\u2040-]*$`,
  'u',
);

function isNcName(name: string): boolean {
  return NC_NAME.test(name);
}

/** A scalar as text; undefined for a list, an object, or a text with a character XML cannot hold (section 2.2). */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return String(value);
  if (typeof value !== 'string' || !value.isWellFormed()) return undefined;
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    const allowed = code >= 0x20 ? code < 0xfffe : code === 0x09 || code === 0x0a || code === 0x0d;
    if (!allowed) return undefined;
  }
  return value;
}

/** A bare carriage return would be read back as a line feed (section 2.11), so it is written as a reference. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#13;');
}

/** Bare white space in an attribute would be read back as spaces (section 3.3.3). */
export function escapeAttribute(text: string): string {
  return escapeText(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#9;');
}
