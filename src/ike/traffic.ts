import type { Selector } from '../net/selector.ts';

export interface Traffic {
  readonly local: readonly Selector[];
  readonly remote: readonly Selector[];
}

/** libreswan's text: `10.0.1.0/24===10.0.2.0/24`. */
export const trafficText = ({ local, remote }: Traffic): string => `${local.join(',')}===${remote.join(',')}`;
