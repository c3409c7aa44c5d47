import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { type SecretOrKeyProvider, Strategy } from 'passport-jwt';
import { Configuration } from '../config/configuration.js';
import { bearerToken } from './bearer-token.js';
import type { Caller } from './caller.js';
import { callerFrom, LEEWAY } from './claims.js';
import { tokenKeyProvider } from './token-key.js';

/**
 * Verifies the user's token (RFC 7519) as the configuration says. Passport knows it by the name `jwt`, once per
 * process: of two applications in one process the one made last decides.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor({ tokens }: Configuration) {
    super({
      jwtFromRequest: bearerToken as never,
      // The types of passport-jwt do not know that jsonwebtoken takes a KeyObject.
      secretOrKeyProvider: tokenKeyProvider(tokens) as SecretOrKeyProvider,
      issuer: tokens.issuer,
      audience: tokens.audience,
      algorithms: [...tokens.algorithms],
      jsonWebTokenOptions: { clockTolerance: LEEWAY },
    });
  }

  /** Fails where the base class throws: jsonwebtoken trips over a signed `null`, and our own checks throw. */
  override authenticate(...[request, options]: Parameters<Strategy['authenticate']>): void {
    try {
      super.authenticate(request, options);
    } catch (error) {
      this.fail(error, 401);
    }
  }

  /** Takes the claims of a verified token; throws a `TokenRefusal` if they do not name a caller. */
  validate(claims: Record<string, unknown>): Caller {
    return callerFrom(claims);
  }
}
