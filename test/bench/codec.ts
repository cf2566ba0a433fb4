/**
 * What the codec costs: `npx tsx test/bench/codec.ts`. An IKE_SA_INIT request as a peer would send it, decoded
 * and encoded; µs per message, the best and the median of several slices.
 */
import {
  decodeHeader,
  decodeMessage,
  encodeMessage,
  type HeaderFields,
  KE_ID,
  NOTIFY,
  type Payload,
  PROTOCOL,
  TRANSFORM,
} from '../../src/ike/wire/index.ts';

const SLICES = 11;
const PER_SLICE = 20_000;

const octets = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => i);
const notify = (type: number, data: Uint8Array): Payload => ({
  type: 'N',
  critical: false,
  protocol: 0,
  spi: new Uint8Array(),
  notify: type,
  data,
});

const header: HeaderFields = {
  spiI: octets(8),
  spiR: new Uint8Array(8),
  exchange: 34,
  isInitiator: true,
  isResponse: false,
  messageId: 0,
};
const transforms = [
  { type: TRANSFORM.ENCR, id: 20, keyBits: 256 },
  { type: TRANSFORM.ENCR, id: 20, keyBits: 128 },
  { type: TRANSFORM.PRF, id: 7 },
  { type: TRANSFORM.PRF, id: 5 },
  { type: TRANSFORM.DH, id: KE_ID.CURVE25519 },
  { type: TRANSFORM.DH, id: KE_ID.ECP_256 },
  { type: TRANSFORM.DH, id: KE_ID.MODP2048 },
];
const payloads: Payload[] = [
  {
    type: 'SA',
    critical: false,
    proposals: [
      { number: 1, protocol: PROTOCOL.IKE, spi: new Uint8Array(), transforms },
      { number: 2, protocol: PROTOCOL.IKE, spi: new Uint8Array(), transforms },
    ],
  },
  { type: 'KE', critical: false, group: KE_ID.CURVE25519, data: octets(32) },
  { type: 'Nonce', critical: false, data: octets(32) },
  notify(NOTIFY.IKEV2_FRAGMENTATION_SUPPORTED, new Uint8Array()),
  notify(NOTIFY.SIGNATURE_HASH_ALGORITHMS, octets(6)),
  notify(NOTIFY.NAT_DETECTION_SOURCE_IP, octets(20)),
  notify(NOTIFY.NAT_DETECTION_DESTINATION_IP, octets(20)),
  { type: 'V', critical: false, data: octets(66) },
];
const bytes = encodeMessage(header, payloads);

function report(what: string, run: () => unknown): void {
  const slices = Array.from({ length: SLICES }, () => {
    const started = performance.now();
    for (let i = 0; i < PER_SLICE; i++) run();
    return ((performance.now() - started) * 1000) / PER_SLICE;
  }).sort((a, b) => a - b);
  const micros = (value: number) => value.toFixed(2).padStart(7);
  console.log(`${what.padEnd(16)}${micros(slices[0])} µs best${micros(slices[SLICES >> 1])} µs median`);
}

if (!decodeMessage(bytes).ok) throw new Error('the message of this bench does not decode');
console.log(`IKE_SA_INIT of ${bytes.length} octets, ${payloads.length} payloads, ${2 * transforms.length} transforms`);
report('decode header', () => decodeHeader(bytes));
report('decode message', () => decodeMessage(bytes));
report('encode message', () => encodeMessage(header, payloads));
