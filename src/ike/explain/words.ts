/**
 * Why a negotiation fails, in words that an operator can act on. The daemon says "we" and "the peer" and knows only
 * its own side and what was sent; a simulation knows both sides and has a name for each. The functions of this folder
 * are pure, and called when something has failed, never before.
 */

/** Who asks and who is asked, as the sentences name them: `the peer` and `we`, or `A` and `B`. */
export interface Parties {
  readonly asker: string;
  readonly asked: string;
}

export const PEER_ASKS: Parties = { asker: 'the peer', asked: 'we' };
export const WE_ASK: Parties = { asker: 'we', asked: 'the peer' };

/** `we offer`, `the peer offers`. */
export const says = (who: string, verb: string): string => (who === 'we' ? `we ${verb}` : `${who} ${verb}s`);

export const has = (who: string): string => (who === 'we' ? 'we have' : `${who} has`);
export const is = (who: string): string => (who === 'we' ? 'we are' : `${who} is`);
export const whose = (who: string): string => (who === 'we' ? 'our' : `${who}'s`);

/** The first few, and how many there are besides. */
export function some(items: readonly string[], most: number, separator = ', '): string {
  const more = items.length - most;
  return more > 0 ? `${items.slice(0, most).join(separator)} and ${more} more` : items.join(separator);
}

/** A peer chooses how long some texts are; a log line has an end. */
export const clip = (text: string, most = 400): string => (text.length > most ? `${text.slice(0, most)}...` : text);
