/**
 * Who is sent to another gateway, and to which: of all initiators as `global-redirect=` says, of authentic peers as
 * `send-redirect=` of their connection does. `auto` is while cookies would be demanded; then whoever comes from another
 * gateway is served all the same, since two that are busy would send everybody to and fro.
 */
import type { Policy } from '../ike/policy.ts';
import type { Door } from '../ike/v2/gate.ts';
import type { World } from './world.ts';

/** Where an initiator is to go instead of here; undefined: nowhere. `isBusy`: cookies are demanded. */
export function otherDoor({ standing }: Pick<World, 'standing'>, isBusy: boolean): Door | undefined {
  const { globalRedirect: mode = 'no', globalRedirectTo } = standing;
  if (!isMeant(mode, isBusy, false)) return undefined;
  const gateway = byTurns(standing, globalRedirectTo);
  return gateway === undefined ? undefined : { gateway, isForAll: mode === 'yes' };
}

/** The same of an authentic peer whose connection has this policy. */
export function elsewhere(
  { registry, standing, switchboard }: Pick<World, 'registry' | 'standing' | 'switchboard'>,
  policy: Policy,
  wasSentHere: boolean,
): string | undefined {
  const { sendRedirect = 'no', redirectTo = [] } = registry.owner(policy)?.conn ?? {};
  return isMeant(sendRedirect, switchboard.wantsCookies, wasSentHere) ? byTurns(standing, redirectTo) : undefined;
}

const isMeant = (mode: 'yes' | 'no' | 'auto', isBusy: boolean, wasSentHere: boolean): boolean =>
  mode === 'yes' || (mode === 'auto' && isBusy && !wasSentHere);

function byTurns(standing: World['standing'], gateways: readonly string[]): string | undefined {
  return gateways.length === 0 ? undefined : gateways[standing.redirected++ % gateways.length];
}
