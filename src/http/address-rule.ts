import { lookup, type LookupAddress } from 'node:dns';
import type { RequestOptions } from 'node:http';
import { isIP } from 'node:net';
import { hostOf } from '../config/addresses.js';

/** Which IP addresses, without brackets, may be connected to. */
export type AddressRule = (address: string) => boolean;

/** A host has an address that may not be connected to; no connection was made. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/** Finds the addresses of a host name, as `dns.lookup` does. */
export type Resolver = typeof lookup;

/**
 * Options of a request to `url` that is only ever made to addresses which keep to the rule: every one of the host is judged,
 * the connection is made to those that were, and past any proxy. Throws {@link AddressRefused} if the URL itself names
 * another; for a name the request fails with it.
 */
export function onlyTo(url: URL, rule: AddressRule, resolve: Resolver = lookup): RequestOptions {
  const host = hostOf(url);
  // Node looks up names alone.
  if (isIP(host) !== 0 && !rule(host)) throw new AddressRefused();
  // Without an agent of its own it might be sent over a connection that was made without the rule.
  return { agent: false, lookup: lookupBy(rule, resolve) };
}

/** Finds the addresses of a name as Node does, and fails if one of them breaks the rule. */
const lookupBy =
  (rule: AddressRule, resolve: Resolver): NonNullable<RequestOptions['lookup']> =>
  (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error) return done(error, []);
      if (found.length === 0 || !found.every(({ address }) => rule(address))) {
        return done(new AddressRefused(), []);
      }
      if (options.all) done(null, found);
      else done(null, found[0]!.address, found[0]!.family);
    });
  };
