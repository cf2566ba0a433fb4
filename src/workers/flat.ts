/**
 * Jobs and results as one run of octets each. What a message between threads costs is the number of objects in it:
 * a flat array spares the main thread about a third of an offloaded job.
 *
 *     octets   1     1          4 each     4 each     ..
 *              code  n | m<<4   n numbers  m lengths  m fields         big-endian; length 0xffffffff: absent
 */
import type { Job, JobFailure, JobOp, JobResult } from '../ike/crypto/job.ts';
import type { EarlierSecrets } from '../ike/crypto/keys.ts';

/** Fresh octets, which hold the job's secrets: wipe them. */
export function flattenJob(job: Job): Uint8Array {
  const { code, write } = JOBS[job.op] as Shape<Job>;
  return pack(code, write(job));
}

/** Views of `flat`. */
export function unflattenJob(flat: Uint8Array): Job {
  const { code, parts } = unpack(flat);
  const op = OPS[code];
  if (!op) throw new RangeError(`no job has code ${code}`);
  return JOBS[op].read(parts);
}

/** Fresh octets. `runMs` travels with the result. */
export function flattenResult(result: JobResult, runMs: number): Uint8Array {
  const micros = Math.min(Math.round(runMs * 1000), 0xffffffff);
  if (!result.ok) {
    return pack(FAILED, {
      numbers: [micros, WHYS.indexOf(result.why)],
      fields: [new TextEncoder().encode(result.detail)],
    });
  }
  return pack(JOBS[result.op].code, { numbers: [micros], fields: fieldsOf(result) });
}

function fieldsOf(result: Exclude<JobResult, JobFailure>): readonly Field[] {
  switch (result.op) {
    case 'ke.make':
      return [result.private, result.public];
    case 'ke.mix':
      return [result.shared, result.public];
    case 'ike.keys':
    case 'isakmp.keys':
      return [result.keys, result.public];
    case 'child.keys':
      return [result.keymat, result.public];
    case 'sign':
      return [result.auth];
    case 'verify':
      return [];
    case 'auth.check':
      return [list(result.names), list(result.wants.map(flattenWant)), result.auth];
  }
}

/** Copies, because keys outlive everything else here; `flat` is zeros afterwards. */
export function unflattenResult(flat: Uint8Array): { result: JobResult; runMs: number } {
  const { code, parts } = unpack(flat);
  const result = readResult(code, parts);
  flat.fill(0);
  return { result, runMs: parts.numbers[0] / 1000 };
}

/**
 * Several in one, because a message costs what it costs whatever is in it: each with its length, 4 octets, before it.
 * Fresh octets with a buffer of their own; the parts are zeros afterwards.
 */
export function bundle(parts: readonly Uint8Array[]): Uint8Array {
  const whole = list(parts);
  for (const part of parts) part.fill(0);
  return whole;
}

/** A field with several in it, each with its length, 4 octets, before it; they stay as they are. */
function list(parts: readonly Uint8Array[]): Uint8Array {
  let octets = 0;
  for (const part of parts) octets += 4 + part.length;
  const whole = new Uint8Array(octets);
  const view = new DataView(whole.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    whole.set(part, at + 4);
    at += 4 + part.length;
  }
  return whole;
}

/** Views of `whole`. */
export function unbundle(whole: Uint8Array): Uint8Array[] {
  const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < whole.length; ) {
    const end = at + 4 + view.getUint32(at);
    parts.push(whole.subarray(at + 4, end));
    at = end;
  }
  return parts;
}

type Field = Uint8Array | undefined;
type Want = Extract<JobResult, { op: 'auth.check' }>['wants'][number];
interface Parts {
  readonly numbers: readonly number[];
  readonly fields: readonly Field[];
}
interface Shape<J> {
  readonly code: number;
  write(job: J): Parts;
  read(parts: Parts): J;
}

const JOBS: { readonly [O in JobOp]: Shape<Extract<Job, { op: O }>> } = {
  'ke.make': {
    code: 0,
    write: (job) => ({ numbers: [job.group], fields: [] }),
    read: ({ numbers: [group] }) => ({ op: 'ke.make', group }),
  },
  'ike.keys': {
    code: 1,
    write: (job) => ({
      numbers: [job.group, job.prf, job.encr, job.encrBits, job.integ, job.rekey?.prf ?? 0],
      fields: [job.theirs, job.ni, job.nr, job.spis, job.mine, job.rekey?.skD, ...earlierFields(job)],
    }),
    read: ({
      numbers: [group, prf, encr, encrBits, integ, oldPrf],
      fields: [theirs, ni, nr, spis, mine, skD, first, more],
    }) => ({
      op: 'ike.keys',
      ...{ group, prf, encr, encrBits, integ },
      ...{ theirs: theirs!, ni: ni!, nr: nr!, spis: spis! },
      ...(mine && { mine }),
      ...(skD && { rekey: { prf: oldPrf, skD } }),
      ...(first && more && { earlier: { first, more } }),
    }),
  },
  'child.keys': {
    code: 2,
    write: (job) => ({
      numbers: [job.group, job.prf, job.octets],
      fields: [job.theirs, job.skD, job.ni, job.nr, job.mine, ...earlierFields(job)],
    }),
    read: ({ numbers: [group, prf, octets], fields: [theirs, skD, ni, nr, mine, first, more] }) => ({
      op: 'child.keys',
      ...{ group, prf, octets },
      ...{ theirs: theirs!, skD: skD!, ni: ni!, nr: nr! },
      ...(mine && { mine }),
      ...(first && more && { earlier: { first, more } }),
    }),
  },
  'ke.mix': {
    code: 6,
    write: (job) => ({ numbers: [job.group], fields: [job.theirs, job.mine] }),
    read: ({ numbers: [group], fields: [theirs, mine] }) => ({
      op: 'ke.mix',
      group,
      theirs: theirs!,
      ...(mine && { mine }),
    }),
  },
  sign: {
    code: 3,
    write: (job) => ({ numbers: [job.key, job.scheme], fields: [job.octets] }),
    read: ({ numbers: [key, scheme], fields: [octets] }) => ({ op: 'sign', key, scheme, octets: octets! }),
  },
  'auth.check': {
    code: 5,
    write: (job) => ({
      numbers: [job.scheme, job.at, job.flags, job.sign?.key ?? 0, job.sign?.scheme ?? 0],
      fields: [
        ...[job.octets, job.signature, job.id, list(job.spkis), list(job.certs), list(job.ocsps)],
        ...[job.ocspUri, job.sign?.octets],
      ],
    }),
    read: ({ numbers, fields }) => {
      const [scheme, at, flags, key, signScheme] = numbers;
      const [octets, signature, id, spkis, certs, ocsps, ocspUri, toSign] = fields;
      return {
        op: 'auth.check',
        ...{ scheme, at, flags, octets: octets!, signature: signature!, id: id! },
        ...{ spkis: unbundle(spkis!), certs: unbundle(certs!), ocsps: unbundle(ocsps!), ocspUri },
        sign: toSign && { key, scheme: signScheme, octets: toSign },
      };
    },
  },
  'isakmp.keys': {
    code: 7,
    write: (job) => ({
      numbers: [job.group, job.prf, job.encr, job.encrBits],
      fields: [job.theirs, job.ni, job.nr, job.cookies, job.mine, job.psk],
    }),
    read: ({ numbers: [group, prf, encr, encrBits], fields: [theirs, ni, nr, cookies, mine, psk] }) => ({
      op: 'isakmp.keys',
      ...{ group, prf, encr, encrBits },
      ...{ theirs: theirs!, ni: ni!, nr: nr!, cookies: cookies! },
      ...(mine && { mine }),
      ...(psk && { psk }),
    }),
  },
  verify: {
    code: 4,
    write: (job) => ({ numbers: [job.scheme], fields: [job.spki, job.octets, job.signature] }),
    read: ({ numbers: [scheme], fields: [spki, octets, signature] }) => ({
      op: 'verify',
      ...{ spki: spki!, scheme, octets: octets!, signature: signature! },
    }),
  },
};

/** Absent as a rule, and then nothing at all. */
const earlierFields = ({ earlier }: { readonly earlier?: EarlierSecrets }): Uint8Array[] =>
  earlier ? [earlier.first, earlier.more] : [];

const OPS: Readonly<Record<number, JobOp | undefined>> = Object.fromEntries(
  Object.entries(JOBS).map(([op, { code }]) => [code, op as JobOp]),
);

const FAILED = 0xff;
const WHYS: readonly JobFailure['why'][] = [
  ...(['bad-public-value', 'unsupported', 'failed', 'bad-signature', 'bad-certificate'] as const),
  ...(['certificate-expired', 'certificate-revoked', 'certificate-unchecked'] as const),
  ...(['certificate-untrusted', 'certificate-name'] as const),
];

function readResult(code: number, { numbers, fields }: Parts): JobResult {
  const copy = (field: Field): Uint8Array => Uint8Array.from(field!);
  if (code === FAILED) return { ok: false, why: WHYS[numbers[1]], detail: new TextDecoder().decode(fields[0]) };
  const ours = fields[1] && { public: copy(fields[1]) };
  const op = OPS[code];
  switch (op) {
    case 'ke.make':
      return { ok: true, op: 'ke.make', public: copy(fields[1]), private: copy(fields[0]) };
    case 'ke.mix':
      return { ok: true, op: 'ke.mix', shared: copy(fields[0]), ...ours };
    case 'ike.keys':
    case 'isakmp.keys':
      return { ok: true, op, keys: copy(fields[0]), ...ours };
    case 'child.keys':
      return { ok: true, op: 'child.keys', keymat: copy(fields[0]), ...ours };
    case 'sign':
      return { ok: true, op: 'sign', auth: copy(fields[0]) };
    case 'verify':
      return { ok: true, op: 'verify' };
    case 'auth.check':
      return {
        ...{ ok: true, op: 'auth.check', names: unbundle(fields[0]!).map(copy) },
        ...{ wants: unbundle(fields[1]!).map(unflattenWant), auth: fields[2] && copy(fields[2]) },
      };
    case undefined:
      throw new RangeError(`no result has code ${code}`);
  }
}

function flattenWant({ kind, urls, request, about }: Want): Uint8Array {
  const texts = urls.map((url) => new TextEncoder().encode(url));
  return list([Uint8Array.of(WANTED.indexOf(kind)), about, list(texts), ...(request ? [request] : [])]);
}

function unflattenWant(flat: Uint8Array): Want {
  const [[kind], about, texts, request] = unbundle(flat);
  const urls = unbundle(texts).map((text) => new TextDecoder().decode(text));
  return { kind: WANTED[kind], urls, about: about.slice(), ...(request && { request: request.slice() }) };
}

const WANTED: readonly Want['kind'][] = ['crl', 'ocsp'];

const ABSENT = 0xffffffff;

function pack(code: number, { numbers, fields }: Parts): Uint8Array {
  let at = 2 + 4 * (numbers.length + fields.length);
  let octets = at;
  for (const field of fields) octets += field?.length ?? 0;
  const flat = new Uint8Array(octets);
  const view = new DataView(flat.buffer);
  flat[0] = code;
  flat[1] = numbers.length | (fields.length << 4);
  let head = 2;
  for (const number of numbers) {
    view.setUint32(head, number);
    head += 4;
  }
  for (const field of fields) {
    view.setUint32(head, field?.length ?? ABSENT);
    head += 4;
    if (!field) continue;
    flat.set(field, at);
    at += field.length;
  }
  return flat;
}

function unpack(flat: Uint8Array): { code: number; parts: Parts } {
  const view = new DataView(flat.buffer, flat.byteOffset, flat.byteLength);
  const numbers = new Array<number>(flat[1] & 15);
  const fields = new Array<Field>(flat[1] >> 4);
  let head = 2;
  for (let i = 0; i < numbers.length; i++, head += 4) numbers[i] = view.getUint32(head);
  let at = head + 4 * fields.length;
  for (let i = 0; i < fields.length; i++, head += 4) {
    const octets = view.getUint32(head);
    fields[i] = octets === ABSENT ? undefined : flat.subarray(at, at + octets);
    if (octets !== ABSENT) at += octets;
  }
  return { code: flat[0], parts: { numbers, fields } };
}
