/**
 * When first messages are answered by cookies (`ddos-mode=auto`): from the moment that something says that there are
 * more of them than we can serve, until nothing has said so for a while. Without that while, a flood that cookies
 * have quenched would get its half-open SAs again each time that we have caught up.
 */

/** ms for which cookies are demanded after the last reason for them. */
const CALM = 10_000;
/** ms; half of what a half-open SA lives. */
const HALF_LIFE = 30_000;

export interface Reasons {
  /** Half-open SAs. */
  readonly halfOpen: number;
  /** Of them, from which on cookies are demanded. */
  readonly cookiesFrom: number;
  /** ms that first messages and handshakes wait; from how many on cookies are demanded, 0: never. */
  readonly waited: number;
  readonly delay: number;
}

export class CookieDemand {
  readonly #say: (text: string) => void;
  #isOn = false;
  #until = 0;
  /** Cookies that nobody has returned: without them, as many half-open SAs. Of this half-life, and of the one before. */
  #unreturned = 0;
  #before = 0;
  #since = 0;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** Whether they are demanded; says so when that changes. */
  isOn(now: number, reasons: Reasons): boolean {
    if (now - this.#since > HALF_LIFE) this.#age(now);
    const why = this.#why(reasons);
    if (why !== undefined) this.#until = now + CALM;
    const isOn = now < this.#until;
    if (isOn !== this.#isOn) {
      this.#isOn = isOn;
      this.#say(isOn ? `first messages are answered with cookies: ${why}` : 'first messages need no cookies any more');
    }
    return isOn;
  }

  sent(): void {
    this.#unreturned++;
  }

  /** One has become a half-open SA: a copy of what brought it does not, however often it comes. */
  returned(): void {
    this.#unreturned--;
  }

  #why({ halfOpen, cookiesFrom, waited, delay }: Reasons): string | undefined {
    const unreturned = this.#isOn ? Math.max(0, this.#unreturned + this.#before) : 0;
    if (halfOpen + unreturned >= cookiesFrom)
      return `${halfOpen} half-open IKE SAs (ddos-ike-threshold=${cookiesFrom})`;
    return delay > 0 && waited >= delay ? `they wait ${Math.round(waited)} ms (ddos-delay=${delay}ms)` : undefined;
  }

  #age(now: number): void {
    this.#before = now - this.#since > 2 * HALF_LIFE ? 0 : Math.max(0, this.#unreturned);
    this.#unreturned = 0;
    this.#since = now;
  }
}
