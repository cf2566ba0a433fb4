/** The attributes of a transform by their types, each a number and once. RFC 2409 appendix A, RFC 2407 §4.5. */
import { type Attribute, numberIn } from './wire/index.ts';

export class Values {
  readonly #byType = new Map<number, number>();

  /** Or what is wrong with them. */
  static of(attributes: readonly Attribute[]): Values | string {
    const values = new Values();
    for (const one of attributes) {
      const value = numberIn(one);
      if (value === undefined || values.#byType.has(one.type)) return `attribute ${one.type} twice, or too long`;
      values.#byType.set(one.type, value);
    }
    return values;
  }

  take(type: number): number | undefined {
    const value = this.#byType.get(type);
    this.#byType.delete(type);
    return value;
  }

  /** What nobody has taken, as a reason against the transform. */
  unknown(): string | undefined {
    const [type] = this.#byType.keys();
    return type === undefined ? undefined : `attribute ${type}`;
  }
}
