/**
 * What one message may make us build. RFC 7296 sets no such bounds; these are ours, several times what any
 * known peer sends, so that 64 KiB of hostile octets cost bounded time and memory.
 */
export const MAX_PAYLOADS = 128;
export const MAX_PROPOSALS = 64;
/** In one SA payload, over all its proposals. */
export const MAX_TRANSFORMS = 1024;
/** In one transform. RFC 7296 knows a single attribute, Key Length. */
export const MAX_TRANSFORM_ATTRIBUTES = 8;
export const MAX_CP_ATTRIBUTES = 256;
/** In one Delete payload. */
export const MAX_SPIS = 4096;

/** RFC 7296 §3.9. */
export const NONCE_OCTETS = { min: 16, max: 256 } as const;
