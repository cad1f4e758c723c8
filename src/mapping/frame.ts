import type { Environment } from '../fhirpath/fhirpath.ts';

/**
 * Which value stands where in `Environment.frame`. A run that nobody watches keeps its variables by number, not by name,
 * and with them the objects of the message that many expressions begin with, so that each is looked up once a run.
 */
export class FrameLayout {
  readonly #paths = new Map<string, { readonly names: readonly string[]; readonly slot: number }>();
  readonly #constants = new Map<unknown, unknown>();
  #size: number;

  constructor(given: Iterable<string>) {
    this.#size = [...given].length;
  }

  /** A place for one more variable. */
  add(): number {
    this.#size += 1;
    return this.#size - 1;
  }

  /** Equal texts of the mapping as one text, so that comparing them takes no time. */
  constant<T>(value: T): T {
    if (!this.#constants.has(value)) this.#constants.set(value, value);
    return this.#constants.get(value) as T;
  }

  /** The place of what stands at a path of names in the message. */
  pathSlot(names: readonly string[]): number {
    const key = JSON.stringify(names);
    const known = this.#paths.get(key);
    if (known !== undefined) return known.slot;
    const slot = this.add();
    this.#paths.set(key, { names, slot });
    return slot;
  }

  /** What fills the places of paths; to be asked for when everything is compiled. */
  fill(): (root: unknown, env: Environment) => void {
    const paths = [...this.#paths.values()];
    return (root, { frame }) => {
      if (frame === undefined) return;
      for (const { names, slot } of paths) frame[slot] = follow(root, names);
    };
  }
}

/** What stands at a path, or the list that was met on the way to it. */
function follow(root: unknown, names: readonly string[]): unknown {
  let value = root;
  for (const name of names) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value)) return value;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
