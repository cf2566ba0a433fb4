/** Wounds to sound octets, by dice. */
import type { Dice } from '../ike/v2/dice.ts';

/** Numbers at which lengths and counts go wrong. */
const EDGES = [0, 1, 2, 3, 4, 7, 8, 15, 16, 27, 28, 63, 64, 127, 128, 254, 255, 256, 4095, 32767, 32768, 65534, 65535];

/** One to eight small wounds; `others` lend their parts. */
export function mutated(dice: Dice, octets: Uint8Array, others: readonly Uint8Array[] = [octets]): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(octets);
  do bytes = wounded(dice, bytes, others);
  while (dice.next() < 0.6);
  return bytes;
}

function wounded(dice: Dice, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const at = dice.below(bytes.length + 1);
  const count = dice.pick([1, 2, 4, 8, dice.below(64)]);
  const edge = dice.pick([...EDGES, bytes.length, bytes.length - at]);
  const put = (...values: number[]) => {
    for (const [i, value] of values.entries()) if (at + i < bytes.length) bytes[at + i] = value;
    return bytes;
  };
  const joined = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts)).subarray(0, 70_000);
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (dice.below(9)) {
    case 0:
      return put((bytes[at] ?? 0) ^ (1 << dice.below(8)));
    case 1:
      return put(dice.below(256));
    case 2:
      return put(edge & 255);
    case 3:
      return put((edge >> 8) & 255, edge & 255);
    case 4:
      return put(0, 0, (edge >> 8) & 255, edge & 255);
    case 5:
      return joined(head, tail.subarray(count));
    case 6:
      return joined(head, dice.octets(count), tail);
    case 7:
      return joined(head, tail.subarray(0, count), tail);
    default: {
      const other = dice.pick(others);
      const from = dice.below(other.length + 1);
      return joined(head, other.subarray(from, from + count), dice.next() < 0.5 ? tail : tail.subarray(count));
    }
  }
}

/** The same for text. */
export function mutatedText(dice: Dice, text: string, others: readonly string[] = [text]): string {
  const octets = (from: string) => Uint8Array.from(Buffer.from(from, 'utf8'));
  return Buffer.from(mutated(dice, octets(text), others.map(octets))).toString('utf8');
}
