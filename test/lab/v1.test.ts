/** IKEv1's other protocols and modes on a kernel's own IPsec. */
import { guestSuite } from './suite.ts';

await guestSuite('two daemons that speak IKEv1, on the xfrm plane', 'test/lab/scenario-v1.js', 400);
