/** OpenSSL by way of the addon, for whoever computes: the daemon's main thread and each helper. */
import { takeShortcuts } from '../ike/crypto/shortcuts.ts';
import { takeCurves } from '../ike/crypto/signature/curves.ts';
import { openCrypto, openEcdsa } from '../native/index.ts';

/** From now on, for this thread; where the addon has none of it, node:crypto does the same in more time. */
export function reachOpenssl(): void {
  takeShortcuts(openCrypto());
  takeCurves(openEcdsa());
}
