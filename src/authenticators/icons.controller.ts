import { Controller, Get, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Public } from '../http/public.decorator.js';
import { AppError } from '../errors/app-error.js';
import { RateLimited } from '../http/rate-limit.js';
import { Authenticators } from './authenticators.js';

const HEADERS = {
  'content-type': 'image/svg+xml',
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
} as const;
const A_YEAR = 'public, max-age=31536000, immutable';
const A_DAY = 'public, max-age=86400';

/** Serves pictures to `<img>`; opened as a document, they can run and load nothing. */
@Public()
@Controller('icons')
export class IconsController {
  constructor(private readonly authenticators: Authenticators) {}

  /** `file` is `light.svg` or `dark.svg`; throws `route_not_found` for any other path. */
  @Get(':name/:file')
  @RateLimited()
  icon(
    @Param('name') name: string,
    @Param('file') file: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Buffer {
    const icon = file.endsWith('.svg') ? this.authenticators.icon(name, file.slice(0, -4)) : undefined;
    if (!icon) throw new AppError('route_not_found');
    void reply.headers(HEADERS).header('cache-control', icon.neutral ? A_YEAR : A_DAY);
    return icon.svg;
  }
}
