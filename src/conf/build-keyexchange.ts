/** Which version of IKE a conn speaks: `keyexchange=`, and `ikev2=` of old. */
import type { Conn } from './conn.ts';
import type { Keyword } from './keyword.ts';
import { lookup } from './keywords.ts';
import type { Setting, Settings } from './sections.ts';
import { defaultOf } from './values.ts';

export interface Keyexchange {
  readonly word: Conn['keyexchange'];
  /** The row of the table that `word` is of. */
  readonly keyword: Keyword;
  /** `ikev2=`, if it is there: whether it settled the matter, or contradicted what did. */
  readonly old?: { readonly setting: Setting; readonly isIgnored: boolean };
}

export function keyexchangeOf(settings: Settings): Keyexchange {
  const keyword = KEYEXCHANGE;
  const now = settings.get('keyexchange');
  const said = (now?.value ?? defaultOf(keyword)) as Conn['keyexchange'];
  const setting = settings.get('ikev2');
  if (!setting) return { word: said, keyword };
  const meant = setting.value === 'no' ? 'ikev1' : 'ikev2';
  // keyexchange=ike leaves the version to ikev2=.
  const isIgnored = now !== undefined && now.raw.toLowerCase() !== 'ike' && said !== meant;
  return { word: isIgnored ? said : meant, keyword, old: { setting, isIgnored } };
}

const KEYEXCHANGE = lookup('conn', 'keyexchange')!.keyword;
