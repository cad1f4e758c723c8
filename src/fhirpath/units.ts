import { Decimal } from './decimal.ts';

/**
 * The part of UCUM (https://ucum.org/ucum) that comparisons of quantities need: the base units, the customary units of
 * clinical measurements, prefixes, products, quotients and exponents. A unit that is not here compares with itself only.
 */
export interface Unit {
  /** One of this unit is `top` / `bottom` of the base units. */
  readonly top: Decimal;
  readonly bottom: Decimal;
  /** Base units with their exponents in the order of the alphabet: `g1 m-1 s-2`; empty for a number. */
  readonly dimension: string;
}

interface Atom {
  readonly factor: Decimal;
  readonly exponents: Readonly<Record<string, number>>;
  readonly takesPrefix: boolean;
}

/** Code, factor, base units, and `*` where prefixes may stand before it. */
const TABLE = `
m 1 m *; g 1 g *; s 1 s *; K 1 K *; A 1 A *; mol 1 mol *; cd 1 cd *
Cel 1 Cel; [degF] 1 [degF]; [iU] 1 [iU] *; eq 1 eq *; osm 1 osm *; [pH] 1 [pH]
1 1; % 0.01
min 60 s; h 3600 s; d 86400 s; wk 604800 s; mo 2629800 s; a 31557600 s
[in_i] 0.0254 m; [ft_i] 0.3048 m; [yd_i] 0.9144 m; [mi_i] 1609.344 m
L 0.001 m3 *; l 0.001 m3 *
[lb_av] 453.59237 g; [oz_av] 28.349523125 g; [stone_av] 6350.29318 g; t 1000000 g *
N 1000 g m s-2 *; Pa 1000 g m-1 s-2 *; bar 100000000 g m-1 s-2 *; m[Hg] 133322000 g m-1 s-2 *
J 1000 g m2 s-2 *; cal 4184 g m2 s-2 *; W 1000 g m2 s-3 *; Hz 1 s-1 *`;

const ATOMS: ReadonlyMap<string, Atom> = new Map(
  TABLE.trim()
    .split(/;\s*|\n/)
    .map(readRow),
);

const PREFIXES: ReadonlyMap<string, number> = new Map([
  ['M', 6],
  ['k', 3],
  ['h', 2],
  ['da', 1],
  ['d', -1],
  ['c', -2],
  ['m', -3],
  ['u', -6],
  ['n', -9],
  ['p', -12],
]);

const UNIT_CHARS_MAX = 64;
const ONE = new Decimal(1n, 0);
/** A name, an exponent, and a comment in braces that UCUM gives no meaning: `10`, `m2`, `s-1`, `mg{total}`. */
const TERM = /^((?:[^0-9{}+-]|^1$)[^{}+-]{0,20}?)?([+-]?[0-9])?(?:\{[^{}]{0,40}\})?$/;

/** The unit in base units; undefined for a code that this table does not know. */
export function readUnit(code: string): Unit | undefined {
  if (code.length > UNIT_CHARS_MAX) return undefined;
  const exponents = new Map<string, number>();
  let top = ONE;
  let bottom = ONE;
  let sign = 1;
  for (const part of code.split(/([./])/)) {
    if (part === '.' || part === '/') {
      sign = part === '/' ? -1 : 1;
      continue;
    }
    if (part === '' && sign === 1 && top === ONE && code.startsWith('/')) continue;
    const term = readTerm(part);
    if (term === undefined) return undefined;
    const exponent = term.exponent * sign;
    for (let count = Math.abs(exponent); count > 0; count -= 1) {
      const product = (exponent > 0 ? top : bottom).times(term.atom.factor);
      if (product === undefined) return undefined;
      if (exponent > 0) top = product;
      else bottom = product;
    }
    for (const [name, power] of Object.entries(term.atom.exponents)) {
      exponents.set(name, (exponents.get(name) ?? 0) + power * exponent);
    }
  }
  const dimension = [...exponents]
    .filter(([, exponent]) => exponent !== 0)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, exponent]) => `${name}${exponent}`)
    .join(' ');
  return { top, bottom, dimension };
}

function readTerm(text: string): { atom: Atom; exponent: number } | undefined {
  const whole = findAtom(text);
  if (whole !== undefined) return { atom: whole, exponent: 1 };
  const parts = TERM.exec(text);
  if (parts === null || text === '') return undefined;
  const [, name, exponent] = parts;
  if (name === undefined && exponent !== undefined) return undefined;
  const atom = findAtom(name ?? '1');
  return atom === undefined ? undefined : { atom, exponent: Number(exponent ?? 1) };
}

function findAtom(name: string): Atom | undefined {
  const whole = ATOMS.get(name);
  if (whole !== undefined) return whole;
  for (const [prefix, power] of PREFIXES) {
    const atom = name.startsWith(prefix) ? ATOMS.get(name.slice(prefix.length)) : undefined;
    if (atom?.takesPrefix !== true) continue;
    const scale = power > 0 ? new Decimal(10n ** BigInt(power), 0) : new Decimal(1n, -power);
    const factor = atom.factor.times(scale);
    if (factor !== undefined) return { ...atom, factor };
  }
  return undefined;
}

function readRow(row: string): [string, Atom] {
  const [code = '', factor = '', ...rest] = row.split(' ');
  const exponents = Object.fromEntries(
    rest
      .filter((part) => part !== '*')
      .map((part) => {
        const [, name = part, power = '1'] = /^(.*?[^0-9-])(-?[0-9])?$/.exec(part) ?? [];
        return [name, Number(power)];
      }),
  );
  return [code, { factor: Decimal.parse(factor) ?? ONE, exponents, takesPrefix: rest.includes('*') }];
}
