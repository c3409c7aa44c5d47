import { hostOf } from './addresses.js';
import type { LimitSettings } from './configuration.js';
import { redact } from './redaction.js';
import { type Rule, Setting, Variables, wholeNumber } from './variables.js';

const EXAMPLE = 'such as redis://:password@redis.example.com:6379/0';
const MAX_REQUESTS = 1_000_000;
const WINDOW = { from: 10, to: 3_600, fallback: 60 };
const FALLBACK = { public: 300, finish: 300, unknown: 600, user: 300, key: 6_000 };

const requests = (fallback: number) => wholeNumber({ from: 1, to: MAX_REQUESTS, fallback, of: 'requests' });

const redisUrl: Rule<unknown> = (text) => {
  const problem = problemOf(text);
  return problem === undefined ? undefined : `Set REDIS_URL to ${problem}, ${EXAMPLE}.`;
};

/** How many requests are served within a window, and where replicas share their counts. */
export class LimitVariables extends Variables<LimitSettings> {
  @Setting(wholeNumber({ ...WINDOW, of: 'seconds' }))
  RATE_LIMIT_WINDOW?: string;

  @Setting(requests(FALLBACK.public))
  RATE_LIMIT_PUBLIC?: string;

  @Setting(requests(FALLBACK.finish))
  RATE_LIMIT_FINISH?: string;

  @Setting(requests(FALLBACK.unknown))
  RATE_LIMIT_UNKNOWN?: string;

  @Setting(requests(FALLBACK.user))
  RATE_LIMIT_USER?: string;

  @Setting(requests(FALLBACK.key))
  RATE_LIMIT_KEY?: string;

  @Setting(redisUrl, { isSecret: true })
  REDIS_URL?: string;

  toSettings(): LimitSettings {
    const settings = {
      window: Number(this.RATE_LIMIT_WINDOW ?? WINDOW.fallback),
      public: Number(this.RATE_LIMIT_PUBLIC ?? FALLBACK.public),
      finish: Number(this.RATE_LIMIT_FINISH ?? FALLBACK.finish),
      unknown: Number(this.RATE_LIMIT_UNKNOWN ?? FALLBACK.unknown),
      user: Number(this.RATE_LIMIT_USER ?? FALLBACK.user),
      key: Number(this.RATE_LIMIT_KEY ?? FALLBACK.key),
    };
    return this.REDIS_URL === undefined
      ? { ...settings, redisUrl: null }
      : redact({ ...settings, redisUrl: this.REDIS_URL }, 'redisUrl');
  }
}

function problemOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^rediss?:$/.test(url.protocol)) return 'a redis:// or rediss:// address';
  if (!hostOf(url)) return 'an address with a host';
  if (!/^\/?\d{0,4}$/.test(url.pathname))
    return 'an address that ends in the number of a database, or in its port';
  if (/[?#]/.test(text)) return 'an address without ? and #, which a password has as %3F and %23';
  try {
    decodeURIComponent(url.username + url.password);
    return undefined;
  } catch {
    return 'an address in which every % of user name and password is written as %25';
  }
}
