import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import { Module, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { POLICY } from './pages.js';
import { PagesController } from './pages.controller.js';
import { PasskeysService } from './passkeys.service.js';
import { SessionsService } from './sessions.service.js';
import { settings } from './settings.js';
import { SignInController } from './sign-in.controller.js';
import { UsersService } from './users.service.js';

const { origin, port } = settings;

@Module({
  controllers: [PagesController, SignInController],
  providers: [UsersService, SessionsService, PasskeysService],
})
class AppModule {}

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
  logger: ['error', 'warn'],
});
app.useGlobalPipes(new ValidationPipe());
const fastify = app.getHttpAdapter().getInstance();
fastify.addHook('onRequest', (request, reply, done) => {
  void reply.headers({ 'content-security-policy': POLICY, 'cache-control': 'no-store' });
  // What changes something comes from this application's own pages.
  if (request.method === 'POST' && request.headers.origin !== origin) void reply.code(403).send();
  else done();
});
await fastify.register(fastifyStatic, {
  root: fileURLToPath(new URL('../public', import.meta.url)),
  index: false,
});
await app.listen(port);
console.log(`The shop is at ${origin}`);
