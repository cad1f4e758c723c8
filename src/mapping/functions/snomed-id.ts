/** Verhoeff's tables: how digits combine in the dihedral group of order 10, and how positions permute them. */
const COMBINE = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
] as const;
const PERMUTE = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
] as const;

/**
 * Whether `text` is a SNOMED CT identifier: 6 to 18 digits without a leading zero, the last one Verhoeff's check digit
 * (SNOMED CT Release File Specification, section 6).
 */
export function isSnomedId(text: string): boolean {
  if (!/^[1-9][0-9]{5,17}$/.test(text)) return false;
  let check = 0;
  for (let index = 0; index < text.length; index += 1) {
    const digit = Number(text[text.length - 1 - index]);
    check = Number(COMBINE[check]?.[Number(PERMUTE[index % 8]?.[digit])]);
  }
  return check === 0;
}

/**
 * Whether `text` looks like an identifier that a spreadsheet has spoiled: spreadsheets keep 15 digits of a number, turn
 * the others into zeros, and may print the rest as `8.71731E+14`.
 */
export function isRoundedBySpreadsheet(text: string): boolean {
  if (/^[0-9](?:\.[0-9]{1,17})?[eE]\+[0-9]{1,2}$/.test(text)) return true;
  return /^[1-9][0-9]{14}0{1,3}$/.test(text) && !isSnomedId(text);
}
