import { Controller, Get, Param } from '@nestjs/common';
import { Access } from '../../http/access.decorator.js';
import { RateLimited } from '../../http/rate-limit.js';
import { toApp } from './app.json.js';
import { AppRepository } from './app.repository.js';

/** What anybody may know of an app. */
@Controller('v1/apps/:app')
@Access('public')
export class AppsController {
  constructor(private readonly apps: AppRepository) {}

  @Get()
  @RateLimited()
  async get(@Param('app') app: string) {
    return { app: toApp(await this.apps.get(app)) };
  }
}
