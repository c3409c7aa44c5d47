// § setup
// npm install @keyway/passage-flex-node @nestjs/common @nestjs/core @nestjs/platform-fastify jose reflect-metadata rxjs
import 'reflect-metadata';
import { PassageFlex } from '@keyway/passage-flex-node';
import {
  Body,
  Controller,
  ForbiddenException,
  Get,
  Headers,
  HttpCode,
  Module,
  Post,
  Res,
} from '@nestjs/common';
import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { SignJWT } from 'jose';
import { currentUser, startSession } from './login.js'; // yours

const { APP_API_KEY = '', JWT_SECRET, ORIGIN, PORT } = process.env; // the first two as Keyway has them
const [issuer, audience] = ['https://login.example.com', 'keyway']; // JWT_ISSUER and JWT_AUDIENCE of Keyway

/** What changes something comes from your own pages. */
@Injectable()
class OwnPagesOnly implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { method, headers } = context.switchToHttp().getRequest();
    if (method === 'GET' || headers.origin === ORIGIN) return true;
    throw new ForbiddenException();
  }
}

@Controller()
class PasskeysController {
  private readonly passage = new PassageFlex({
    appId: 'my-app',
    apiKey: APP_API_KEY,
    baseUrl: 'https://passkeys.example.com/v1',
  });

  // § token
  @Get('token')
  async token(@Headers('cookie') cookie?: string): Promise<string> {
    const user = currentUser(cookie);
    if (!user) throw new UnauthorizedException();
    return new SignJWT({ preferred_username: user.name, auth_time: user.signedInAt })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(user.id)
      .setExpirationTime('5 minutes')
      .sign(new TextEncoder().encode(JWT_SECRET));
  }

  // § sign-in
  @Post('sign-in/passkey')
  @HttpCode(204)
  async signIn(@Body() body: { nonce?: unknown }, @Res({ passthrough: true }) reply: any): Promise<void> {
    const proof = await this.passage.auth.verify(String(body?.nonce)).catch(() => null);
    if (proof?.kind !== 'authenticate' || proof.issuer !== issuer) throw new UnauthorizedException();
    reply.header('set-cookie', startSession(proof.subject, proof.externalId));
  }

  // § list
  @Get('passkeys')
  async list(@Headers('cookie') cookie?: string) {
    const user = currentUser(cookie);
    if (!user?.externalId) throw new UnauthorizedException();
    return this.passage.user.listDevices(user.externalId);
  }

  // § revoke
  @Post('passkeys/revoke')
  @HttpCode(204)
  async revoke(@Body() body: { id?: unknown }, @Headers('cookie') cookie?: string): Promise<void> {
    const user = currentUser(cookie);
    if (!user?.externalId) throw new UnauthorizedException();
    await this.passage.user.revokeDevice(user.externalId, String(body?.id));
  }
}

// § start
@Module({ controllers: [PasskeysController], providers: [{ provide: APP_GUARD, useClass: OwnPagesOnly }] })
class AppModule {}

const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: ['error'] });
await app.listen(Number(PORT));
