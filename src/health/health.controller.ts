import { Controller, Get, HttpStatus, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../http/public.decorator.js';
import { Liveness } from './liveness.js';
import { Readiness } from './readiness.js';

/** For the orchestrator: whether to restart this replica, and whether to send it traffic. */
@Controller('health')
@Public()
export class HealthController {
  constructor(
    private readonly liveness: Liveness,
    private readonly readiness: Readiness,
  ) {}

  @Get('live')
  async live(@Req() { trace }: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    if (!(await this.liveness.isStuck())) return { status: 'ok' };
    void reply.status(HttpStatus.SERVICE_UNAVAILABLE);
    trace.failure = { code: 'not_alive', reason: 'pool_lost' };
    return { status: 'unavailable', reason: 'pool_lost' };
  }

  @Get('ready')
  async ready(@Req() { trace }: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const obstacle = await this.readiness.obstacle();
    if (obstacle === null) return { status: 'ok', ...(this.readiness.isPoolFull && { pool: 'full' }) };
    void reply.status(HttpStatus.SERVICE_UNAVAILABLE);
    trace.failure = { code: 'not_ready', reason: obstacle };
    return { status: 'unavailable', reason: obstacle };
  }
}
