import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
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
const AN_HOUR = 'public, max-age=3600';

/** Serves pictures to `<img>`; opened as a document, they can run and load nothing. */
@Public()
@Controller('icons')
export class IconsController {
  constructor(private readonly authenticators: Authenticators) {}

  /**
   * `file` is `light.svg` or `dark.svg`; throws `route_not_found` for any other path. `v`, the hash of the icon, says that
   * the address changes with it: only then it never has to be asked for again.
   */
  @Get(':name/:file')
  @RateLimited()
  icon(
    @Param() { name, file }: { readonly name: string; readonly file: string },
    @Query('v') version: unknown,
    @Headers('if-none-match') known: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Buffer | undefined {
    const icon = file.endsWith('.svg') ? this.authenticators.icon(name, file.slice(0, -4)) : undefined;
    if (!icon) throw new AppError('route_not_found');
    const etag = `"${icon.hash}"`;
    const cacheControl = version === icon.hash ? A_YEAR : AN_HOUR;
    void reply.headers({ ...HEADERS, 'cache-control': cacheControl, etag });
    if (!isAmong(known, etag)) return icon.svg;
    void reply.status(304);
    return undefined;
  }
}

/** Whether `If-None-Match` names the entity tag, by the weak comparison (RFC 9110 §13.1.2). */
const isAmong = (known: string | undefined, etag: string): boolean =>
  known?.split(',').some((each) => ['*', etag, `W/${etag}`].includes(each.trim())) ?? false;
