/** What a rule about keywords is, and what rules are made of. */
import type { Value } from './keyword.ts';
import type { Settings } from './sections.ts';

/** What the rules look at. */
export interface Case {
  readonly settings: Settings;
  readonly version: 1 | 2;
  /** `type=passthrough`, `reject` or `drop`: nothing is ever negotiated. */
  readonly isShunt: boolean;
  readonly isOpportunistic: boolean;
}

/** A text refuses the conn. */
export type Judgement =
  | string
  | { readonly warning: string /** It does nothing here in any case. */; readonly isMoot?: true };

export type Rule = (c: Case, value: Value) => Judgement | undefined;

export const says = ({ settings }: Case, key: string, value: Value): boolean => settings.get(key)?.value === value;
export const has = ({ settings }: Case, key: string): boolean => settings.has(key);

export const warning = (text: string) => ({ warning: text });
export const moot = (text: string) => ({ warning: text, isMoot: true }) as const;

export const ignoredByIkev2: Rule = ({ version }) => (version === 2 ? moot('IKEv2 ignores it') : undefined);
export const ignoredByIkev1: Rule = ({ version }) => (version === 1 ? moot('IKEv1 ignores it') : undefined);
