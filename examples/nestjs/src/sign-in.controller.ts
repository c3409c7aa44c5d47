import {
  Body,
  Controller,
  ForbiddenException,
  Get,
  Header,
  HttpCode,
  Post,
  Req,
  Res,
  UnauthorizedException,
} from '@nestjs/common';
import { IsString, Length } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PasskeysService } from './passkeys.service.js';
import { SessionsService } from './sessions.service.js';
import { UsersService } from './users.service.js';

class PasswordDto {
  @IsString()
  @Length(1, 64)
  name: string;

  @IsString()
  @Length(1, 256)
  password: string;
}

class NonceDto {
  @IsString()
  @Length(1, 256)
  nonce: string;

  @IsString()
  @Length(1, 256)
  state: string;
}

const now = (): number => Math.floor(Date.now() / 1000);

@Controller()
export class SignInController {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly passkeys: PasskeysService,
  ) {}

  @Post('sign-in')
  withPassword(
    @Body() { name, password }: PasswordDto,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): void {
    const user = this.users.signIn(name, password);
    const session = this.sessions.of(request, reply);
    if (user) this.sessions.renew(session, reply, { userId: user.id, signedInAt: now() });
    void reply.redirect('/', 303);
  }

  /** A passkey has signed in: the nonce says whose it is. */
  @Post('sign-in/passkey')
  @HttpCode(204)
  async withPasskey(
    @Body() { nonce, state }: NonceDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const session = this.sessions.of(request, reply);
    const { passkeyState } = session;
    delete session.passkeyState; // used once, also where the sign-in is refused
    if (!passkeyState || state !== passkeyState) throw new ForbiddenException();
    const signedIn = await this.passkeys.signedInBy(nonce);
    if (!signedIn) throw new UnauthorizedException();
    const { user, passkeyId } = signedIn;
    this.sessions.renew(session, reply, { userId: user.id, signedInAt: now(), passkeyId });
  }

  @Post('sign-out')
  signOut(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.sessions.end(this.sessions.of(request, reply), reply);
    void reply.redirect('/', 303);
  }

  @Get('token')
  @Header('content-type', 'text/plain')
  token(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const session = this.sessions.of(request, reply);
    const user = this.users.find(session.userId);
    if (!user) throw new UnauthorizedException();
    return this.passkeys.tokenFor(user, session);
  }
}
