import { parseBaseUrl } from './base-url.js';
import { FlexApi } from './flex-api.js';
import { PassageError } from './passage-error.js';
import { Passkey } from './passkey.js';

export interface PassageFlexOptions {
  /**
   * The server's `/v1`: `https://passkeys.example.com/v1` (http on localhost only), or a path such as `/passkeys/v1`
   * where the page's own server passes it on.
   */
  readonly baseUrl: string;
}

/** One app of a Keyway server, for its pages. */
export class PassageFlex {
  readonly passkey: Passkey;

  /** Throws `PassageError` with a sentence if an argument is missing or malformed. */
  constructor(appId: string, options: PassageFlexOptions) {
    if (typeof appId !== 'string' || /^\.{0,2}$|\p{Surrogate}/u.test(appId)) {
      throw new PassageError('invalid_argument', 'appId is required.');
    }
    const { baseUrl }: Partial<PassageFlexOptions> = options ?? {};
    this.passkey = new Passkey(new FlexApi(parseBaseUrl(baseUrl), appId));
  }
}
