import { randomBytes } from 'node:crypto';
import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { accountPage, signInPage } from './pages.js';
import { SessionsService } from './sessions.service.js';
import { UsersService } from './users.service.js';

@Controller()
export class PagesController {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
  ) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  home(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const session = this.sessions.of(request, reply);
    const user = this.users.find(session.userId);
    if (user) return accountPage(user, session);
    session.passkeyState = randomBytes(32).toString('base64url');
    return signInPage(session.passkeyState);
  }
}
