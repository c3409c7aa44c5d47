import { Controller, Get, Headers, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Configuration } from '../config/configuration.js';
import { AppError } from '../errors/app-error.js';
import { Public } from '../http/public.decorator.js';
import { RateLimited } from '../http/rate-limit.js';
import { ElementFiles } from './element-files.js';

const A_YEAR = 'public, max-age=31536000, immutable';

/** For pages of any origin: scripts say nothing about anybody. */
const FOR_ALL_PAGES = {
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
  'x-content-type-options': 'nosniff',
} as const;

/** Serves the elements' scripts, so that a page needs no bundler. */
@Public()
@Controller('elements')
export class ElementsController {
  constructor(
    private readonly files: ElementFiles,
    private readonly configuration: Configuration,
  ) {}

  /** Where the scripts of this version are, and an import map with their hashes. */
  @Get()
  @RateLimited()
  current(@Res({ passthrough: true }) reply: FastifyReply) {
    const { build, integrity } = this.files;
    const base = `${this.configuration.http.publicUrl}/elements/${build}/`;
    void reply.headers({ ...FOR_ALL_PAGES, 'cache-control': 'no-cache' });
    const at = (name: string) => base + name;
    return {
      build,
      base,
      importmap: {
        imports: {
          '@keyway/elements': at('elements.js'),
          '@keyway/elements/passkey-table.js': at('passkey-table.js'),
          '@keyway/elements/passkey-sign-in.js': at('passkey-sign-in.js'),
        },
        integrity: Object.fromEntries(Object.entries(integrity).map(([name, hash]) => [at(name), hash])),
      },
    };
  }

  /** Throws `route_not_found` for any other path; that of another version is not this server's to answer. */
  @Get(':build/:name')
  @RateLimited()
  script(
    @Param() { build, name }: { readonly build: string; readonly name: string },
    @Headers('accept-encoding') accepted: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Buffer {
    return this.#serve(build, name, accepted, reply);
  }

  /** The texts of one language, which a script loads when it needs them. */
  @Get(':build/lang/:name')
  @RateLimited()
  language(
    @Param() { build, name }: { readonly build: string; readonly name: string },
    @Headers('accept-encoding') accepted: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Buffer {
    return this.#serve(build, `lang/${name}`, accepted, reply);
  }

  #serve(build: string, name: string, accepted: string | undefined, reply: FastifyReply): Buffer {
    const file = build === this.files.build ? this.files.get(name) : undefined;
    if (!file) throw new AppError('route_not_found');
    const isCompressed = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|\s|$))/.test(accepted ?? '');
    void reply.headers({
      ...FOR_ALL_PAGES,
      'content-type': file.contentType,
      'cache-control': A_YEAR,
      vary: 'accept-encoding',
      ...(isCompressed && { 'content-encoding': 'gzip' }),
    });
    return isCompressed ? file.gzip : file.bytes;
  }
}
