import { Body, Controller, Get, HttpCode, Post, UsePipes } from '@nestjs/common';
import { Public } from '../http/public.decorator.js';
import { StrictBody } from '../http/body.pipe.js';
import { RateLimited } from '../http/rate-limit.js';
import { Passage } from '../passage/passage.js';
import { DemoSignIn } from './demo-sign-in.service.js';
import { DemoPasskeySignInDto, DemoSignInDto } from './demo.dto.js';

/** The part of an application that Keyway leaves to the application: its login. */
@Controller('demo')
@Public()
@UsePipes(StrictBody)
export class DemoController {
  constructor(
    private readonly signIn: DemoSignIn,
    private readonly passage: Passage,
  ) {}

  @Get('app')
  @RateLimited()
  app() {
    return { appId: this.passage.appId, flexUrl: this.passage.flexUrl };
  }

  @Post('sign-in')
  @HttpCode(200)
  @RateLimited()
  withName(@Body() { name }: DemoSignInDto) {
    return this.signIn.withName(name);
  }

  @Post('sign-in/passkey')
  @HttpCode(200)
  @RateLimited()
  withPasskey(@Body() { nonce }: DemoPasskeySignInDto) {
    return this.signIn.withPasskey(nonce);
  }
}
