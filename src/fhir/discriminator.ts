/**
 * How a slice knows its items (https://hl7.org/fhir/R4/profiling.html#discriminator): a kind, and the way from the item
 * to what it looks at.
 */
export interface Discriminator {
  readonly kind: 'value' | 'exists' | 'type' | 'profile';
  readonly steps: readonly DiscriminatorStep[];
}

/** An element; the extension of a url; or from a reference to the type of what it refers to. */
export type DiscriminatorStep =
  | { readonly kind: 'element'; readonly name: string }
  | { readonly kind: 'extension'; readonly url: string }
  | { readonly kind: 'resolve' };

/** Undefined for one that we cannot follow. `ofType(…)` of a choice is the member of that type. */
export function discriminatorOf(type: string, path: string): Discriminator | undefined {
  const kind = type === 'pattern' ? 'value' : type;
  if (kind !== 'value' && kind !== 'exists' && kind !== 'type' && kind !== 'profile') return undefined;
  const steps: DiscriminatorStep[] = [];
  let rest = path === '$this' ? '' : path.replace(/^\$this\./, '');
  while (rest !== '') {
    const found =
      /^(?:extension\('([^']{1,500})'\)|(resolve)\(\)|(?:ofType\((\w{1,64})\))|([A-Za-z]\w{0,63}))(?:\.|$)/.exec(rest);
    if (found === null) return undefined;
    const [whole, url, resolve, ofType, name] = found;
    if (url !== undefined) steps.push({ kind: 'extension', url });
    else if (resolve !== undefined) steps.push({ kind: 'resolve' });
    else if (name !== undefined) steps.push({ kind: 'element', name });
    else {
      const last = steps.pop();
      if (last?.kind !== 'element' || ofType === undefined) return undefined;
      steps.push({ kind: 'element', name: `${last.name}${ofType.charAt(0).toUpperCase()}${ofType.slice(1)}` });
    }
    rest = rest.slice(whole.length);
  }
  // What a reference refers to is not at hand: only its type can be told.
  const resolveAt = steps.findIndex((step) => step.kind === 'resolve');
  if (resolveAt !== -1 && (resolveAt !== steps.length - 1 || kind === 'value' || kind === 'exists')) return undefined;
  return { kind, steps };
}
