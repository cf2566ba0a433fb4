/** A conn, or the several that `leftsubnets=` makes of it, from its settings. */
import { atOnce } from './at-once.ts';
import { buildEnd, type Complaints, type EndCaches } from './build-end.ts';
import { familyProblem, isOneFamily } from './build-families.ts';
import { type Choice, type Choices, choices, contradiction, isSamePlace, manyOf } from './build-pair.ts';
import { PolicyBuilder } from './build-policy.ts';
import { Pools } from './build-pools.ts';
import { judge } from './build-rules.ts';
import type { Conn, End } from './conn.ts';
import type { Side } from './keywords.ts';
import { shown } from './printable.ts';
import type { Reporter } from './report.ts';
import type { ConnSection, Setting, Settings } from './sections.ts';
import type { VirtualPrivate } from './setup.ts';
import { choiceProblem } from './virtual.ts';

/** Conns that `subnets=` may add in one file: two lists that a thousand conns share would be ten million. */
const MAX_EXPANDED = 200_000;

export type Built = { readonly conns: readonly Conn[] } | { readonly refused: string };

/** Pairs of subnets; some tens of microseconds. */
const STEP = 32;

type Ends = { readonly left: End; readonly right: End };

/** What only the conns of one configuration have to do with each other. */
export class WholeFile {
  readonly pools = new Pools();
  /** Pairs of subnets. */
  expanded = 0;
  /** `virtual-private=`; undefined: the daemon has one of its own. */
  readonly virtualPrivate: readonly VirtualPrivate[] | undefined;

  constructor(virtualPrivate?: readonly VirtualPrivate[]) {
    this.virtualPrivate = virtualPrivate;
  }
}

/** Builds conns that share what is equal in them. */
export class ConnBuilder {
  readonly #reporter: Reporter;
  readonly #caches: EndCaches = { selectors: new Map(), keys: new Map() };
  readonly #policies: PolicyBuilder;
  readonly #file: WholeFile | undefined;

  constructor(reporter: Reporter, file?: WholeFile) {
    this.#reporter = reporter;
    this.#file = file;
    this.#policies = new PolicyBuilder();
  }

  /** A section without `left=` or `right=` is no conn, and no error either: others may take it over. */
  build(section: ConnSection): Built {
    return atOnce(this.building(section));
  }

  /** The same in steps: most conns are one, and `subnets=` makes many. */
  *building(section: ConnSection): Generator<undefined, Built> {
    const { settings, name } = section;
    let { refused } = section;
    const missing = ['left', 'right'].find((side) => !settings.has(side));
    // What it lacks, or would contradict, may come from whoever takes it over.
    if (missing !== undefined) return { refused: refused ?? `${missing}= is not set` };
    const label = `conn ${name}`;
    const report = (severity: 'error' | 'warning', { file, line, key }: Setting, text: string) =>
      this.#reporter.add({ severity, file, line, section: label, keyword: key, text });
    const say: Complaints = {
      section: label,
      refuse: (setting, text) => {
        refused ??= `${setting.key}=: ${text}`;
        report('error', setting, `${setting.key}=: ${text}`);
      },
      warn: (setting, text) => report('warning', setting, `${setting.key}=: ${text}`),
      remark: (setting, text) => report('warning', setting, text),
    };
    const policy = this.#policies.policy(settings, say);
    const { type, keyexchange } = policy;
    const isShunt = type !== 'tunnel' && type !== 'transport';
    const version = keyexchange === 'ikev1' ? 1 : 2;
    const moot: Setting[] = [];
    judge({ settings, version, isShunt, isOpportunistic: isOpportunistic(settings) }, (setting, judgement) => {
      if (typeof judgement === 'string') return say.refuse(setting, judgement);
      say.warn(setting, judgement.warning);
      if (judgement.isMoot) moot.push(setting);
    });
    for (const setting of settings.values()) if (!moot.includes(setting)) this.#reporter.later(setting, label);
    const [leftChoices, rightChoices] = this.#choices(settings, say);
    const lefts = yield* this.#ends('left', leftChoices, settings, say);
    const rights = yield* this.#ends('right', rightChoices, settings, say);
    this.#checkPools(name, [...lefts, ...rights], settings, say);
    const conns: Conn[] = [];
    const isMany = manyOf(settings) !== undefined;
    for (const left of lefts) {
      for (const right of rights) {
        const ends = { left: left.end, right: right.end };
        if (isMany && !isOneFamily(ends.left, ends.right, policy.hostFamily)) continue;
        this.#checkEnds(settings, ends, policy, say);
        const suffix = isMany ? `/${left.number}x${right.number}` : '';
        const aliases = isMany ? Object.freeze([name, ...policy.aliases]) : policy.aliases;
        const { file, line } = section;
        conns.push(Object.freeze({ name: name + suffix, file, line, ...ends, ...policy, aliases }));
        if (conns.length % STEP === 0) yield undefined;
      }
    }
    if (conns.length === 0 && refused === undefined) {
      say.refuse(manyOf(settings)!, 'no pair of subnets is of one family');
    }
    if (refused !== undefined) return { refused };
    return { conns };
  }

  /** What there is to pair at the two ends; nothing where it would be too much. */
  #choices(settings: Settings, say: Complaints): Choices {
    const found = choices(settings, say);
    const many = manyOf(settings);
    if (!many || !this.#file) return found;
    this.#file.expanded += found[0].length * found[1].length;
    if (this.#file.expanded <= MAX_EXPANDED) return found;
    say.refuse(many, `the file has more than ${MAX_EXPANDED} pairs of subnets`);
    return [[], []];
  }

  /** Each built once; none where the host is wrong. */
  *#ends(side: Side, from: readonly Choice[], settings: Settings, say: Complaints) {
    const ends: { readonly end: End; readonly number: number }[] = [];
    for (const { number, subnet } of from) {
      const end = buildEnd(side, settings, this.#caches, say, subnet);
      const lack = end?.virtual && this.#file?.virtualPrivate && choiceProblem(end.virtual, this.#file.virtualPrivate);
      if (subnet && lack) say.warn(subnet, lack);
      if (end) ends.push({ end, number });
      if (number % STEP === STEP - 1) yield undefined;
    }
    return ends;
  }

  /** Pools and subnets do not go together, so there is one end of a side that has a pool. */
  #checkPools(name: string, ends: readonly { readonly end: End }[], settings: Settings, say: Complaints): void {
    for (const { end } of ends) {
      for (const range of end.addresspool) {
        const other = this.#file?.pools.add(range, name);
        if (other === undefined) continue;
        const setting = settings.get('leftaddresspool') ?? settings.get('rightaddresspool');
        // A warning, since they may never be loaded together.
        say.warn(setting!, `it overlaps the pool of conn ${shown(other)}, and is not the same`);
      }
    }
  }

  #checkEnds(settings: Settings, ends: Ends, policy: Pick<Conn, 'keyexchange' | 'hostFamily'>, say: Complaints): void {
    const { left, right } = ends;
    const problem = contradiction(left, right, policy) ?? familyProblem(settings, ends, policy.hostFamily);
    if (problem) say.refuse(settings.get(problem.key) ?? settings.get('left')!, problem.text);
    if (isSamePlace(left, right)) say.warn(settings.get('right')!, 'it is the address of left=');
  }
}

function isOpportunistic(settings: Settings): boolean {
  return ['left', 'right'].some((key) => /^%oppo/i.test(settings.get(key)?.raw ?? ''));
}
