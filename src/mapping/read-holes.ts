import type { Hole } from './skeleton.ts';
import type { Place } from './yaml-source.ts';

/** Text of a scalar, and where in the file each of its characters stands. */
export interface ScalarText {
  readonly text: string;
  readonly offsets: readonly number[];
  readonly placeAt: (offset: number) => Place;
}

/** What a text holds: constant parts, `{{ }}` holes, `{[ ]}` holes. */
export type TextPart = string | { readonly many: boolean; readonly hole: Hole };

/** A mistake in the spelling of holes, at an index of the text. */
export class HoleError extends Error {
  readonly place: Place;

  constructor(text: string, place: Place) {
    super(text);
    this.place = place;
  }
}

/** Cuts a text into constant parts and holes. Throws `HoleError` where a hole is not closed or stands alone. */
export function splitHoles(scalar: ScalarText): TextPart[] {
  const { text } = scalar;
  const parts: TextPart[] = [];
  let from = 0;
  let at = 0;
  const fail = (sentence: string): never => {
    throw new HoleError(sentence, placeOf(scalar, at));
  };
  while (at < text.length) {
    const two = text.slice(at, at + 2);
    if (two === '{%') fail('A directive such as {% if … %} is a key, not a value.');
    if (two === '}}' || two === ']}' || two === '%}') fail(`There is no opening for this ${two}.`);
    if (two !== '{{' && two !== '{[') {
      at += 1;
      continue;
    }
    const close = two === '{{' ? '}}' : ']}';
    if (text.startsWith('{{+', at)) fail('{{+ … +}} is not part of this language: an empty value drops its key.');
    const end = findClose(text, at + 2, close);
    if (end === undefined) return fail(`This ${two} is never closed by ${close}.`);
    if (from < at) parts.push(text.slice(from, at));
    const needed = text.startsWith('!', at + 2);
    const hole = holeBetween(scalar, needed ? at + 3 : at + 2, end);
    parts.push({ many: two === '{[', hole: needed ? { ...hole, needed } : hole });
    at = end + 2;
    from = at;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

/** Index of the closing marks, past FHIRPath's texts, delimited names and `{}`. */
function findClose(text: string, start: number, close: string): number | undefined {
  let at = start;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === "'" || character === '`') {
      at = skipQuoted(text, at);
      continue;
    }
    if (character === '{') {
      const empty = /^\{\s*\}/.exec(text.slice(at, at + 20));
      if (empty !== null) {
        at += empty[0].length;
        continue;
      }
    }
    if (text.startsWith(close, at)) return at;
    at += 1;
  }
  return undefined;
}

function skipQuoted(text: string, start: number): number {
  const quote = text.charAt(start);
  let at = start + 1;
  while (at < text.length && text.charAt(at) !== quote) at += text.charAt(at) === '\\' ? 2 : 1;
  return at + 1;
}

/**
 * The expression between two indexes of a text. Where YAML has folded a line break into a space, the break and the
 * indentation are put back, so that the compiler counts lines and columns as the file has them; inside a FHIRPath text
 * the folded space stays.
 */
export function holeBetween(scalar: ScalarText, start: number, end: number): Hole {
  const { text, offsets } = scalar;
  let first = start;
  while (first < end && /\s/.test(text.charAt(first))) first += 1;
  let last = end;
  while (last > first && /\s/.test(text.charAt(last - 1))) last -= 1;
  let source = '';
  let quotedUntil = first;
  let line = placeOf(scalar, first).line;
  for (let at = first; at < last; at += 1) {
    const character = text.charAt(at);
    if (at >= quotedUntil && (character === "'" || character === '`')) quotedUntil = skipQuoted(text, at);
    const quoted = at < quotedUntil;
    if (!quoted && /\s/.test(character) && !/\s/.test(text.charAt(at + 1))) {
      const next = scalar.placeAt(offsets[at + 1] ?? 0);
      if (next.line > line) {
        source += '\n'.repeat(next.line - line) + ' '.repeat(next.column - 1);
        line = next.line;
        continue;
      }
    }
    source += character === '\n' && !quoted ? ' ' : character;
  }
  return { source, place: placeOf(scalar, first) };
}

export function placeOf(scalar: ScalarText, index: number): Place {
  return scalar.placeAt(scalar.offsets[Math.min(index, scalar.offsets.length - 1)] ?? 0);
}
