import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { rpIdProblem } from '../config/app-rules.js';
import { AppError } from '../errors/app-error.js';
import { AppRepository } from '../flex/apps/app.repository.js';
import { Public } from '../http/public.decorator.js';
import { RateLimited } from '../http/rate-limit.js';
import {
  appleAppSiteAssociation,
  assetLinks,
  passkeyEndpoints,
  relatedOrigins,
  type WellKnownDocument,
} from './well-known-documents.js';

const FIVE_MINUTES = 'public, max-age=300';

/**
 * The documents that browsers, password managers and systems look for on the host that is an app's RP ID (RFC 8615). The
 * host is the request's: `X-Forwarded-Host` counts only from a trusted proxy. Throws `route_not_found` for every other host,
 * and for what the app does not say.
 */
@Public()
@Controller('.well-known')
export class WellKnownController {
  constructor(private readonly apps: AppRepository) {}

  @Get('passkey-endpoints')
  @RateLimited()
  passkeyEndpoints(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(passkeyEndpoints, request, reply);
  }

  @Get('webauthn')
  @RateLimited()
  webauthn(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(relatedOrigins, request, reply);
  }

  @Get('apple-app-site-association')
  @RateLimited()
  appleAppSiteAssociation(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(appleAppSiteAssociation, request, reply);
  }

  @Get('assetlinks.json')
  @RateLimited()
  assetLinks(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(assetLinks, request, reply);
  }

  private async answer(document: WellKnownDocument, { hostname }: FastifyRequest, reply: FastifyReply) {
    void reply.header('vary', 'Host');
    const host = hostname.toLowerCase();
    const app = rpIdProblem(host) === undefined ? await this.apps.findByRpId(host) : null;
    const content = app && document(app);
    if (!content) throw new AppError('route_not_found');
    void reply.header('cache-control', FIVE_MINUTES);
    return content;
  }
}
