/**
 * Takes secrets out of a text that strangers will read. Three nets, each for what slips through the other: what the
 * secrets files hold, word for word; what looks like a key by where it stands; and whatever is long and hexadecimal.
 */
import type { OctetFiles } from '../../conf/file-system.ts';
import { loadSecrets, type Secrets } from '../../conf/secrets.ts';

export type Mask = (text: string) => string;

const HIDDEN = '<masked>';

/** Shorter ones stand everywhere, and keep nothing secret. */
const SHORTEST = 4;
/** Shorter ones are only taken out where they stand alone: they may be a part of any word. */
const PART_OF_WORDS = 8;

/** `secrets`: what shall not appear, however many they are: the text is gone through once. */
export function masking(secrets: Iterable<string>): Mask {
  const words = new Words(secrets);
  return (text) => words.masked(byPlace(text));
}

/** Words looked up by their first characters, then by each length that there is of such. */
class Words {
  readonly #all = new Set<string>();
  readonly #lengths = new Map<string, number[]>();
  readonly #firsts = new Set<number>();

  constructor(words: Iterable<string>) {
    for (const word of words) {
      if (word.length < SHORTEST) continue;
      const head = word.slice(0, SHORTEST);
      const lengths = this.#lengths.get(head) ?? [];
      if (!lengths.includes(word.length)) lengths.push(word.length);
      // The longer one goes first, lest the rest of it stay.
      this.#lengths.set(
        head,
        lengths.sort((a, b) => b - a),
      );
      this.#firsts.add(word.charCodeAt(0));
      this.#all.add(word);
    }
  }

  masked(text: string): string {
    let masked = '';
    let from = 0;
    for (let at = 0; at + SHORTEST <= text.length; at++) {
      if (!this.#firsts.has(text.charCodeAt(at))) continue;
      const lengths = this.#lengths.get(text.slice(at, at + SHORTEST));
      const length = lengths?.find((n) => this.#stands(text, at, n));
      if (length === undefined) continue;
      masked += text.slice(from, at) + HIDDEN;
      from = at + length;
      at = from - 1;
    }
    return masked + text.slice(from);
  }

  #stands(text: string, at: number, length: number): boolean {
    if (!this.#all.has(text.slice(at, at + length))) return false;
    const isPart = (i: number) => /[A-Za-z0-9]/.test(text[i] ?? '');
    return length >= PART_OF_WORDS || !(isPart(at - 1) || isPart(at + length));
  }
}

function byPlace(text: string): string {
  return (
    text
      .replace(
        /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
        `${HIDDEN} private key`,
      )
      // ip xfrm state: `aead rfc4106(gcm(aes)) 0x… 128`.
      .replace(/^([ \t]*(?:enc|auth|auth-trunc|aead|comp)\s.*?)0x[0-9a-fA-F]*/gm, `$1${HIDDEN}`)
      // A line of ipsec.secrets that has strayed.
      .replace(/(:\s*(?:PSK|XAUTH|EAP|RADIUS|PPKS?|PIN|RSA|ECDSA|PKCS8|P12)\s).*$/gm, `$1${HIDDEN}`)
      .replace(/\b0s[A-Za-z0-9+/=]{16,}/g, HIDDEN)
      .replace(/(?:\b[0-9a-fA-F]{2}[ :]){15,}[0-9a-fA-F]{2}\b/g, HIDDEN)
      .replace(/\b(?:0x)?[0-9a-fA-F]{32,}\b/g, HIDDEN)
  );
}

/** A keyword whose value is nobody's business. */
export const isSecretKeyword = (name: string): boolean =>
  /pass(?!through)|secret|psk|token|(^|[^a-z])pin($|[^a-z])|private/i.test(name) && !/^secretsfile$/i.test(name);

/** Reads the secrets, and what must not appear because of them. */
export function readSecrets(pattern: string, files: OctetFiles): { readonly secrets: Secrets; readonly mask: Mask } {
  const words: string[] = [];
  const secrets = loadSecrets(pattern, {
    glob: (p) => files.glob(p),
    readOctets: (path) => {
      const read = files.readOctets(path);
      // Strings cannot be wiped; the process that makes a report ends soon, and has no other business.
      if (!('errno' in read)) words.push(...secretWords(Buffer.from(read.octets).toString('utf8')));
      return read;
    },
  });
  return { secrets, mask: masking(words) };
}

/** All words but those before an entry's colon: of a malformed line, every one. */
function* secretWords(text: string): Generator<string> {
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(#|include\s)/.test(line)) continue;
    const colon = /(^|\s):/.exec(line);
    const rest = colon ? line.slice(colon.index + colon[0].length) : line;
    for (const [, double, single, word] of rest.matchAll(/"([^"]*)"?|'([^']*)'?|(\S+)/g)) {
      const secret = double ?? single ?? word;
      if (!/^[A-Za-z0-9]+:$|^(PSK|XAUTH|EAP|RADIUS|PPKS?|PIN|RSA|ECDSA|PKCS8|P12)$/i.test(secret)) yield secret;
    }
  }
}
