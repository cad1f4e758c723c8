/**
 * Whether `value` is a usable NHS number: ten digits without spaces, the tenth the modulus 11 check digit of the others
 * (NHS Data Dictionary, NHS NUMBER). A number of one repeated digit passes the arithmetic, but is only ever typed to
 * get past a form, and would join strangers' records; it is refused.
 */
export function isNhsNumber(value: string): boolean {
  return /^\d{10}$/.test(value) && !isDummy(value) && checkDigit(value) === Number(value[9]);
}

/** Weights 10 to 2; a result of 11 counts as 0, and 10 is never issued. */
function checkDigit(value: string): number {
  let sum = 0;
  for (let at = 0; at < 9; at += 1) sum += Number(value[at]) * (10 - at);
  const rest = 11 - (sum % 11);
  return rest === 11 ? 0 : rest;
}

function isDummy(value: string): boolean {
  return value === value.charAt(0).repeat(10);
}
