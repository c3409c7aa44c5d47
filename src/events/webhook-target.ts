import { BlockList, isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { hostOf, isHost, isLoopback, isPublicAddress } from '../config/addresses.js';
import type { AddressRule } from '../http/address-rule.js';

const MAX_LENGTH = 2_048; // characters
/** Ranges that a setting may open; link-local, of metadata services, is not among them. */
const MAY_BE_ALLOWED = new Set(['private', 'uniqueLocal', 'loopback', 'carrierGradeNat']);

/** Where webhooks may be sent: to public addresses, and to those private ones that `WEBHOOK_ALLOWED_NETWORKS` has. */
export class WebhookTargets {
  private readonly allowed = new BlockList();

  /**
   * @param networks addresses and CIDR blocks
   * @param isProduction outside of it, allowed loopback addresses are reached on any port, and over http as well
   */
  constructor(
    networks: readonly string[],
    private readonly isProduction: boolean,
  ) {
    for (const network of networks) this.allow(network);
  }

  /** Whether a connection may be made to an address. */
  readonly rule: AddressRule = (address) => isPublicAddress(address) || this.isAllowed(address);

  /** What is wrong with the URL of a webhook, as the end of a sentence that says what it is to be; undefined if nothing is. */
  problemOf(text: string): string | undefined {
    const url = URL.parse(text);
    if (!url || text.length > MAX_LENGTH) return 'an https URL';
    if (url.username || url.password) return 'a URL without user name and password';
    if (url.hash) return 'a URL without a fragment';
    const host = hostOf(url);
    if (isIP(host) === 0 && !isHost(host)) return 'a URL with a host name';
    if (isIP(host) !== 0 && !this.rule(host)) return 'a URL that leads to the public internet';
    if (this.isTrial(url)) return undefined;
    if (isLoopback(host) && !this.isAllowed(host)) return 'a URL that leads to the public internet';
    if (url.protocol !== 'https:') return 'an https URL';
    return url.port === '' ? undefined : 'a URL without a port, as only 443 is reached';
  }

  private isTrial({ protocol, hostname }: URL): boolean {
    if (this.isProduction || !isLoopback(hostname)) return false;
    const address = hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/^\[(.*)\]$/, '$1');
    return this.isAllowed(address) && (protocol === 'https:' || protocol === 'http:');
  }

  private allow(network: string): void {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) this.allowed.addAddress(address, family);
    else this.allowed.addSubnet(address, Number(prefix), family);
  }

  private isAllowed(address: string): boolean {
    const version = isIP(address);
    if (version === 0 || !MAY_BE_ALLOWED.has(ipaddr.parse(address).range())) return false;
    return this.allowed.check(address, version === 6 ? 'ipv6' : 'ipv4');
  }
}
