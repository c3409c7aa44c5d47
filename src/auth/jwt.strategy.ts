import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-jwt';
import { Configuration } from '../config/configuration.js';
import { AppError } from '../errors/app-error.js';
import { bearerToken } from './bearer-token.js';
import type { Caller } from './caller.js';
import { callerFrom } from './claims.js';
import { TokenRefusal } from './token-refusal.js';
import { TokenVerifier } from './token-verifier.js';

/**
 * Verifies the user's token as the configuration says. Passport knows it by the name `jwt`, once per process: of two
 * applications in one process the one made last decides.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  private readonly verifier: TokenVerifier;

  constructor(private readonly configuration: Configuration) {
    // passport-jwt would ask these; it is not asked itself, as its jsonwebtoken knows no EdDSA.
    super({ jwtFromRequest: () => null, secretOrKeyProvider: (_request, _token, done) => done(null) });
    this.verifier = new TokenVerifier(configuration.tokens);
  }

  /** Passes everything that goes wrong on as an error, which the guard throws: passport would answer 401 to a bug. */
  override authenticate(request: unknown): void {
    this.validate(request as FastifyRequest).then(
      (caller) => this.success(caller),
      (error: Error) => this.error(error),
    );
  }

  /**
   * Who the request's token names. Throws `AppError` `missing_token`, or `invalid_token` with a `TokenRefusal` as its
   * cause, or `Unavailable('token_keys_unavailable')`.
   */
  async validate(request: Pick<FastifyRequest, 'headers' | 'raw'>): Promise<Caller> {
    try {
      const claims = await this.verifier.verify(bearerToken(request));
      return callerFrom(claims, Date.now(), this.configuration.externalIdClaim);
    } catch (error) {
      throw error instanceof TokenRefusal ? new AppError('invalid_token', { cause: error }) : error;
    }
  }
}
