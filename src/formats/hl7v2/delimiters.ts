/** The characters that part an HL7 v2 message (chapter 2, section 2.5.4), as its own MSH-1 and MSH-2 state them. */
export interface Delimiters {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  readonly escape: string;
  readonly subcomponent: string;
  /** The fifth character of MSH-2, from version 2.7. */
  readonly truncation: string | undefined;
}

export const DEFAULT_DELIMITERS: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
  truncation: undefined,
};

/** The delimiters of an MSH segment; undefined where MSH-1 and MSH-2 are not five or six different printable signs. */
export function readDelimiters(msh: string): Delimiters | undefined {
  const field = msh.charAt(3);
  const end = msh.indexOf(field, 4);
  return delimitersFrom(field, msh.slice(4, end === -1 ? undefined : end));
}

/** The same from the two fields. */
export function delimitersFrom(field: string, encodingCharacters: string): Delimiters | undefined {
  const all = `${field}${encodingCharacters}`;
  // A letter, a digit or the quote of the null value could not be told from content.
  if (field.length !== 1 || !/^[!#-/:-@[-`{-~]{5,6}$/.test(all) || new Set(all).size !== all.length) return undefined;
  const [component = '', repetition = '', escapeSign = '', subcomponent = '', truncation] = encodingCharacters;
  return { field, component, repetition, escape: escapeSign, subcomponent, truncation };
}

/** MSH-2. */
export function encodingCharacters(delimiters: Delimiters): string {
  const { truncation = '' } = delimiters;
  return `${delimiters.component}${delimiters.repetition}${delimiters.escape}${delimiters.subcomponent}${truncation}`;
}
