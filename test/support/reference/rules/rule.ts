import type { Issue } from '../../../../src/kernel/errors.ts';
import type { VisitedElement } from '../walk-resource.ts';

/** A rule of ours about one element, asked for every element of a resource. */
export type ElementRule = (element: VisitedElement) => readonly Issue[];

export const NO_ISSUES: readonly Issue[] = [];
